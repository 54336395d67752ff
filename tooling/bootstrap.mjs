// The scripts of package.json go through here. Plain JavaScript for any Node since 20, and without dependencies: it is what
// installs them, and finds the Node that the rest needs.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
const MODULES = join(ROOT, 'node_modules')
const BIN = join(MODULES, '.bin')
const NODE = join(MODULES, 'node', 'bin', 'node')
const STAMP = join(MODULES, '.cc-ci-installed')
const NEEDED_NODE = 24

/** Node keeps what it has compiled there (and stripped of types); it checks by content whether that still holds. */
const COMPILE_CACHE = join(MODULES, '.cache', 'node')

const DEV_HOST = ['tooling/dev-host/main.ts']

/** The projects that need what only `up --with …` brings: heavy apps, which take minutes to build and much memory to run. */
const HEAVY = ['apps', 'keycloak', 'n8n', 'minio']

/** Whether Vitest is told which projects to run; otherwise all but the heavy ones (`test:apps`) are. */
const namesProjects = (args) => args.some((arg) => arg.startsWith('--project'))

/** For each command: the programs to run one after the other, as long as they succeed. */
const COMMANDS = {
  start: (args) => [
    ['node', ...DEV_HOST, 'up'],
    ['node', 'tooling/cli/main.ts', 'run', ...args],
  ],
  test: (args) => [
    ['node', ...DEV_HOST, 'up'],
    ['vitest', 'run', ...(namesProjects(args) ? [] : HEAVY.map((name) => `--project=!${name}`)), ...args],
  ],
  'test:apps': (args) => [
    ['node', ...DEV_HOST, 'up', '--with', 'keycloak', 'n8n', 'minio', 'gitea'],
    ['vitest', 'run', '--project=apps', ...args],
  ],
  serve: (args) => [['node', 'tooling/cli/main.ts', 'serve', ...args]],
  // What the recipe pipeline of .drone.yml does.
  pipeline: () => [['node', 'tooling/bridge/pipeline/main.ts']],
  'dev-host': (args) => [['node', ...DEV_HOST, ...args]],
  bench: (args) => [
    ['node', ...DEV_HOST, 'up'],
    ['node', 'tooling/bench/main.ts', ...args],
  ],
  'dashboard-images': () => [['node', 'tooling/dashboard/images.ts']],
  'kill-matrix': (args) => [
    ['node', ...DEV_HOST, 'up'],
    ['node', 'tooling/kill-matrix/main.ts', ...args],
  ],
  mutants: () => [
    ['node', ...DEV_HOST, 'up'],
    ['node', 'tooling/mutants/main.ts'],
  ],
  shapes: (args) => [
    ['node', ...DEV_HOST, 'up'],
    ['node', 'tooling/shapes/main.ts', ...args],
  ],
  sweep: (args) => [['node', 'tooling/cli/main.ts', 'sweep', ...args]],
  'warm-reconcile': (args) => [['node', 'tooling/cli/main.ts', 'reconcile', ...args]],
  soak: (args) => [
    ['node', ...DEV_HOST, 'up'],
    ['node', '--expose-gc', 'tooling/soak/main.ts', ...args],
  ],
}

/** What `check` runs; all of them, so that one look shows everything. */
const CHECKS = [['tsc', '-p', '.'], ['biome', 'check', '.'], ['knip']]

/** Something is wrong that the reader must do something about. */
class Refusal extends Error {}

/** The folders of the workspaces, as package.json lists them. */
function workspaces() {
  const { workspaces: listed } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  return listed.flatMap((pattern) => {
    if (!pattern.endsWith('/*')) return [pattern]
    const parent = pattern.slice(0, -2)
    return readdirSync(join(ROOT, parent)).map((name) => join(parent, name))
  })
}

/** Changes whenever the dependencies may have. */
function wantedDependencies() {
  const hash = createHash('sha256')
  const manifests = ['.', ...workspaces()].sort().map((folder) => join(folder, 'package.json'))
  for (const file of ['package-lock.json', ...manifests]) {
    if (existsSync(join(ROOT, file))) hash.update(`${file}\0`).update(readFileSync(join(ROOT, file)))
  }
  return hash.digest('hex')
}

/**
 * With `npm install`, which keeps to the lock file as far as it goes, and not `npm ci`: that one refuses a lock file without
 * the optional packages of platforms that not every registry serves.
 */
function ensureDependencies() {
  const wanted = wantedDependencies()
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return
  npm('Installing dependencies', ['install', '--no-save', '--no-audit', '--no-fund'])
  writeFileSync(STAMP, wanted)
}

function ensureNode() {
  if (nodeMajor() >= NEEDED_NODE) return
  npm(`Installing Node ${NEEDED_NODE}`, ['rebuild', 'node'])
  const major = nodeMajor()
  if (major >= NEEDED_NODE) return
  throw new Refusal(
    [
      `Node ${NEEDED_NODE} is needed, and the npm package "node" did not bring it.`,
      `  last seen: ${major ? `${NODE} is Node ${major}` : `${NODE} cannot be run`}`,
      '  to do: remove node_modules and try again; the package has binaries for Linux on x64 and arm64.',
    ].join('\n'),
  )
}

/** The major version of the Node in node_modules; 0 when there is none that runs. */
function nodeMajor() {
  const { status, stdout } = spawnSync(NODE, ['--version'], { encoding: 'utf8' })
  return status === 0 ? Number(/^v(\d+)\./.exec(stdout)?.[1] ?? 0) : 0
}

/** Runs npm silently (on an older Node it complains about every package); shows what it said when it fails. */
function npm(what, args) {
  const started = Date.now()
  process.stderr.write(`${what} … `)
  const { status, error, stdout, stderr } = spawnSync('npm', [...args, '--loglevel=error'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  if (status === 0) {
    process.stderr.write(`${((Date.now() - started) / 1000).toFixed(1)} s\n`)
    return
  }
  process.stderr.write('failed\n')
  const said = error ? error.message : `${stdout}\n${stderr}`.trim().split('\n').slice(0, 15).join('\n    ')
  throw new Refusal(
    [
      `npm ${args.join(' ')} failed.`,
      `  last seen: ${said}`,
      '  to do: check the network and the free disk, then try again.',
    ].join('\n'),
  )
}

/** Who started this; a build server that cancels kills no more than that. */
const PARENT = process.ppid

/** Ends this process when its build is cancelled. What runs below it sees that, and ends in order. */
function leaveWithBuild() {
  if (process.ppid !== PARENT) throw new Refusal('The build was cancelled.')
  setInterval(() => {
    if (process.ppid !== PARENT) process.exit(128 + constants.signals.SIGHUP)
  }, 250).unref()
}

/** Runs a program in this terminal to its end, hands signals on, and returns its exit code. */
function run([program, ...args]) {
  const child = spawn(program === 'node' ? NODE : join(BIN, program), args, {
    cwd: ROOT,
    stdio: 'inherit',
    env: {
      NODE_COMPILE_CACHE: COMPILE_CACHE,
      ...process.env,
      PATH: [BIN, process.env.PATH].filter(Boolean).join(delimiter),
      CCCI_STARTED_BY: String(process.pid),
    },
  })
  const forward = (signal) => {
    // A terminal's Ctrl-C reaches the child by itself; twice means "at once" to some programs.
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) process.on(signal, forward)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      for (const each of signals) process.off(each, forward)
      resolve(code ?? 128 + constants.signals[signal])
    })
  })
}

async function runAll(programs) {
  for (const program of programs) {
    const code = await run(program)
    if (code !== 0) return code
  }
  return 0
}

async function check() {
  const failed = []
  for (const program of CHECKS) {
    console.log(`> ${program.join(' ')}`)
    const code = await run(program)
    if (code > 128) return code
    if (code !== 0) failed.push(program.join(' '))
  }
  console.log(failed.length === 0 ? 'All checks pass.' : `Failed: ${failed.join(', ')}`)
  return failed.length === 0 ? 0 : 1
}

const [command = '', ...args] = process.argv.slice(2)
try {
  if (command !== 'check' && !Object.hasOwn(COMMANDS, command)) {
    throw new Refusal(`There is no "${command}". There are: ${[...Object.keys(COMMANDS), 'check'].join(', ')}.`)
  }
  ensureDependencies()
  ensureNode()
  if (command === 'pipeline') leaveWithBuild()
  process.exitCode = command === 'check' ? await check() : await runAll(COMMANDS[command](args))
} catch (error) {
  console.error(error instanceof Refusal ? error.message : error)
  process.exitCode = 2
}
