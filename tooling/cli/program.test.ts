import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assembleRecord, type RunRecord, readRecord, runDir, saveRecord, type TestFact } from '@cc-ci/harness'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

// The real command line and the real Vitest; the suites play the app.

const repository = join(import.meta.dirname, '../..')

const CONFIG = `
import { basename } from 'node:path'
const { CCCI_RUN_ID: runId, CCCI_RECIPE: recipe, CCCI_STAGES: stages, CCCI_REF: ref, CCCI_STATE_DIR } = process.env
const attached = process.env.CCCI_BASE_URL ? true : undefined
const ccci = { runId, runDir: CCCI_STATE_DIR + '/runs/' + runId, recipe, ref, stages: stages?.split(','), attached }
const tags = ['install', 'upgrade', 'backup', 'custom', 'recipe-local'].map((name) => ({ name }))
const project = (name) => ({ test: { name, root: 'packages/recipes/' + name, tags, provide: { ccci } } })
export default { test: { projects: ['demo', 'generic'].map(project) } }
`

const SUITE = `
import { openJournal } from '@cc-ci/harness'
import { afterAll, inject, test } from 'vitest'
const run = inject('ccci')
const journal = openJournal(run.runDir + '/journal.jsonl')
journal.write({
  event: 'subject', recipe: run.recipe.replace(/^.*\\//, ''), version: '1.0.0+1', commit: 'c0ffee', ref: run.ref, domain: 'd', stack: 's',
  plan: process.env.CCCI_PLAN ?? 'full', quirks: [], customisation: {},
})
journal.write({ event: 'lint', report: { durationMs: 12, rules: [] } })
journal.write({ event: 'not-applicable', stage: 'recipe-local', reason: 'the recipe ships no tests under tests/' })
afterAll(() => {
  journal.write({ event: 'deployments', counted: 0, planned: 0 })
  journal.write({ event: 'teardown', clean: true, left: [], durationMs: 1 })
})
test('installs', { tags: ['install'] }, async () => {
  if (run.ref === 'broken') throw new Error('does not start')
  if (run.ref === 'nowhere') throw Object.assign(new Error('no such ref'), { name: 'UnknownVersionError', blame: 'usage' })
  if (run.ref === 'dockerless') throw Object.assign(new Error('no docker'), { name: 'DockerError', blame: 'infrastructure' })
  if (run.ref !== 'endless') return
  journal.write({ event: 'step', text: 'waiting for ever' })
  await new Promise(() => {})
})
test('upgrades', { tags: ['upgrade'] }, () => {})
test('backs up', { tags: ['backup'] }, () => {})
test('untagged', () => {})
`

let root: string
const stateDir = () => join(root, 'state')
const runs = () =>
  existsSync(join(stateDir(), 'runs'))
    ? readdirSync(join(stateDir(), 'runs')).map((id) => readRecord(runDir(stateDir(), id)))
    : []

const cli = (args: string[], options: { cwd?: string; env?: Record<string, string> } = {}) =>
  execa(
    process.execPath,
    [
      '-e',
      `import(${JSON.stringify(join(import.meta.dirname, 'program.ts'))}).then(async ({ main }) => { process.exitCode = await main(process.argv.slice(1), { root: ${JSON.stringify(root)} }) })`,
      '--',
      ...args,
    ],
    {
      cwd: options.cwd ?? root,
      env: {
        CCCI_STATE_DIR: stateDir(),
        CCCI_RECIPE_SOURCES: join(root, 'sources'),
        INIT_CWD: undefined,
        NO_COLOR: '1',
        FORCE_COLOR: undefined,
        ...options.env,
      },
      all: true,
      reject: false,
      stdin: 'ignore',
    },
  )

beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'ccci-cli-')))
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'))
  mkdirSync(join(root, 'packages/recipes/demo'), { recursive: true })
  mkdirSync(join(root, 'packages/recipes/generic'))
  symlinkSync(join(repository, 'packages/fixtures'), join(root, 'packages/fixtures'))
  for (const name of ['demo', 'generic']) writeFileSync(join(root, `packages/recipes/${name}/${name}.test.ts`), SUITE)
  for (const name of ['demo', 'other']) mkdirSync(join(root, 'sources', name, '.git'), { recursive: true })
  writeFileSync(join(root, 'vitest.config.mjs'), CONFIG)
  writeFileSync(join(root, 'package.json'), '{ "version": "9.8.7", "type": "module" }')
})
afterAll(() => rmSync(root, { recursive: true }))

describe('cc-ci run', { timeout: 40_000 }, () => {
  test('ends with 0 for a green run, tested by the suite of its recipe', async () => {
    const { exitCode, all } = await cli(['run', 'demo', '--plan', 'single', '--pr', '12', '--json'])
    expect(exitCode, all).toBe(0)
    const record = JSON.parse(all.slice(all.indexOf('\n{\n'))) as RunRecord
    expect(record).toMatchObject({ recipe: 'demo', verdict: 'green', level: 5, plan: 'single' })
    expect(all).toContain('✓ untagged')
  })

  test('attaches to no app, whatever the environment names', async () => {
    const env = { CCCI_BASE_URL: 'https://other.example.org', CCCI_APP_DOMAIN: 'other.example.org' }
    const { exitCode, all } = await cli(['run', 'demo'], { env })
    expect(exitCode, all).toBe(0)
    expect(all).toContain('✓ installs')
  })

  test("refuses a suite's options before anything is touched, with path, value and the nearest known key", async () => {
    const suite = join(root, 'packages/recipes/misled')
    mkdirSync(suite)
    mkdirSync(join(root, 'sources/misled/.git'), { recursive: true })
    writeFileSync(join(suite, 'misled.test.ts'), SUITE)
    const options = `export default defineRecipe({ timeouts: { deplyo: 60 } })\n`
    writeFileSync(join(suite, 'recipe.ts'), `import { defineRecipe } from '@cc-ci/fixtures/recipe'\n${options}`)
    const before = runs().length
    const { exitCode, all } = await cli(['run', 'misled'])
    expect(exitCode, all).toBe(2)
    expect(all).toContain(`${suite}/recipe.ts: there is no option "timeouts.deplyo".`)
    expect(all).toContain('The nearest is "deploy".')
    expect(runs()).toHaveLength(before)
  })

  test('limits the run to stages, with untagged tests as custom ones, and says so', async () => {
    const { exitCode, all } = await cli(['run', 'demo', '--stages', 'custom,install'])
    expect(exitCode, all).toBe(0)
    expect(all).toContain('level 1 of 5')
    expect(all).toContain('only install, custom')
    expect(all).toContain('✓ untagged')
    expect(all).not.toContain('✓ upgrades')
  })

  test('takes a repository by its path from where one stands, with the generic suite when it has none', async () => {
    const { exitCode, all } = await cli(['run', './other'], { cwd: join(root, 'sources') })
    expect(exitCode, all).toBe(0)
    expect(runs().some((record) => record.recipe === 'other' && record.verdict === 'green')).toBe(true)
  })

  test.each([
    ['broken', 1, 'recipe'],
    ['nowhere', 2, 'usage'],
    ['dockerless', 3, 'infrastructure'],
  ])('ends with another code for ref %s: %i', async (ref, code, blame) => {
    const { exitCode, stdout } = await cli(['run', 'demo', '--ref', ref, '--json'])
    expect(exitCode).toBe(code)
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'red', blame, ref })
  })

  test('ends with 3 and says so when the runner does not come to a run', async () => {
    const { exitCode, all } = await cli(['run', 'demo'], {
      env: { NODE_OPTIONS: '--import=data:text/javascript,process.env.CCCI_RUN_ID&&process.exit(7)' },
    })
    expect(exitCode).toBe(3)
    expect(all).toContain('ended before the run had begun')
    expect(all).toContain('exit code 7')
  })

  test.each<[string, string[], RegExp, Record<string, string>?]>([
    ['an unknown stage', ['run', 'demo', '--stages', 'instal'], /no stage "instal"[\s\S]*nearest is "install"/],
    ['an unknown recipe', ['run', 'demmo'], /no recipe "demmo"[\s\S]*The nearest: demo/],
    ['a path that is no repository', ['run', './packages'], /is not a git repository/],
    ['a pull request that is no number', ['run', '--pr', 'x', 'demo'], /--pr is "x"/],
    ['an unknown plan', ['run', '--plan', 'ful'], /Allowed choices are full, single/],
    ['an unknown option', ['run', '--stage', 'install'], /unknown option '--stage'[\s\S]*Did you mean --stages/],
    ['an unknown command', ['rnu'], /unknown command 'rnu'[\s\S]*Did you mean run/],
    [
      'a bad setting',
      ['run', 'demo'],
      /CCCI_IPVS is "perhaps"[\s\S]*It takes auto, yes or no/,
      { CCCI_IPVS: 'perhaps' },
    ],
  ])('refuses %s with 2, before anything is touched', async (_, args, message, env) => {
    const before = runs().length
    const { exitCode, stderr } = await cli(args, env ? { env } : {})
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(exitCode).toBe(2)
    expect(runs().length).toBe(before)
  })
})

describe('a run that is ended from outside', { timeout: 40_000 }, () => {
  const begun = (child: ReturnType<typeof cli>) =>
    new Promise<void>((resolve) => {
      let seen = ''
      child.all.on('data', (chunk) => {
        seen += chunk
        if (seen.includes('waiting for ever')) resolve()
      })
    })
  const record = () =>
    runs()
      .sort((one, other) => one.startedAt.localeCompare(other.startedAt))
      .at(-1)

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('by %s waits for its teardown and ends with %i', async (signal, code) => {
    const child = cli(['run', 'demo', '--ref', 'endless'])
    await begun(child)
    child.kill(signal)
    const { exitCode, all } = await child
    expect(exitCode).toBe(code)
    expect(all).toContain('✓ removed without a trace')
    expect(record()).toMatchObject({ state: 'interrupted', verdict: 'interrupted', teardown: { clean: true } })
  })

  test('by SIGKILL is ended by the runner it has left behind', async () => {
    const child = cli(['run', 'demo', '--ref', 'endless'])
    await begun(child)
    child.kill('SIGKILL')
    // The runner has the same output: when that is closed, it is gone too.
    await child
    expect(record()).toMatchObject({ state: 'interrupted', verdict: 'interrupted', teardown: { clean: true } })
  })

  test('becomes interrupted when its runner is killed', async () => {
    const child = cli(['run', 'demo', '--ref', 'endless'])
    await begun(child)
    const running = record()
    if (!running) throw new Error('no record')
    process.kill(running.pid, 'SIGKILL')
    const { exitCode } = await child
    expect(exitCode).toBe(137)
    expect(record()).toMatchObject({ state: 'interrupted', verdict: 'interrupted' })
    expect(record()?.problems).toContain('the test runner was ended by SIGKILL')
  })
})

describe('what was recorded', () => {
  const env = () => ({ CCCI_STATE_DIR: join(root, 'recorded') })
  const failed: TestFact = {
    name: 'installs',
    stage: 'install',
    state: 'failed',
    durationMs: 1200,
    errors: [{ name: 'AssertionError', message: 'does not start' }],
  }
  const keep = (id: string, recipe: string, day: number, tests: TestFact[]) =>
    saveRecord(
      runDir(join(root, 'recorded'), id),
      assembleRecord({
        id,
        recipe,
        state: 'finished',
        startedAt: Date.UTC(2026, 0, day),
        endedAt: Date.UTC(2026, 0, day, 0, 1, 5),
        tests,
        fileErrors: [],
        unhandledErrors: [],
        journal: [{ at: 0, event: 'teardown', clean: true, left: [], durationMs: 3900 }],
      }),
    )
  beforeAll(() => {
    keep('run-a', 'demo', 1, [failed])
    keep('run-b', 'other', 2, [])
    keep('run-c', 'demo', 3, [{ ...failed, state: 'passed', errors: [] }])
  })

  test('is listed by cc-ci runs, the newest first', async () => {
    const { exitCode, stdout } = await cli(['runs'], { env: env() })
    expect(exitCode).toBe(0)
    expect(stdout).toMatchInlineSnapshot(`
      "began             recipe  version  verdict  level  took        run
      2026-01-03 00:00  demo             red      1      1 min 05 s  run-c
      2026-01-02 00:00  other            red      0      1 min 05 s  run-b
      2026-01-01 00:00  demo             red      0      1 min 05 s  run-a"
    `)
  })

  test('is listed for one recipe, and not more than asked for', async () => {
    const { stdout } = await cli(['runs', '--recipe', 'demo', '-n', '1', '--json'], { env: env() })
    expect(JSON.parse(stdout)).toMatchObject([{ id: 'run-c' }])
  })

  test('is shown by cc-ci show, with each test, its error, the stages and the verdict', async () => {
    const { exitCode, stdout } = await cli(['show', 'run-a'], { env: env() })
    expect(exitCode).toBe(0)
    expect(stdout.replaceAll(root, '<root>').replace(/ on \S+$/m, ' on <host>')).toMatchInlineSnapshot(`
      "  demo  run-a
        version unknown, plan unknown, began 2026-01-01 00:00 UTC on <host>
        install
          ✗ installs 1.2 s
              AssertionError: does not start

        stage        outcome                  time  reason
        install      ✗ fail                         installs: AssertionError: does not start
        upgrade      ■ blocked                      install failed
        backup       ■ blocked                      install failed
        custom       – not applicable               the suite has no custom tests
        recipe-local ■ blocked                      install failed
        lint         ■ blocked                      the recipe was not read
        teardown     ✓ clean                 3.9 s

        ✗ red · demo · level 0 of 5 · 1 min 05 s
        report: <root>/recorded/runs/run-a/run.json
      "
    `)
  })

  test('is not invented: an unknown run is refused with 2', async () => {
    const { exitCode, stderr } = await cli(['show', 'run-d'], { env: env() })
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(/no run "run-d"/)
  })
})

test('cc-ci tells its version and how it is used, with examples and exit codes', async () => {
  expect((await cli(['--version'])).stdout).toBe('9.8.7')
  const { exitCode, stdout } = await cli(['run', '--help'])
  expect(exitCode).toBe(0)
  expect(stdout).toContain('cc-ci run custom-html --stages install,custom')
  expect(stdout).toContain('0 green · 1 red')
})
