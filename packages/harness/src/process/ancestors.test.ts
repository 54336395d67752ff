import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, expect, test, vi } from 'vitest'

// Real processes, of which one is killed as a CI runner does it: SIGKILL, and to that one only.

const pids = new Set<number>()
const roots = new Set<ChildProcess>()
afterEach(async () => {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended.
    }
  }
  pids.clear()
  for (const root of roots) if (!root.stdout?.closed) await once(root, 'close')
  roots.clear()
})

type Command = [string, ...string[]]

/** Each runs the next one below it, says its own id, and waits. */
const shell = (name: string, next: Command): Command => ['bash', '-c', 'echo "pid $0 $$"; "$@"; true', name, ...next]

/** A parent that never asks how its child ended, so that this one stays a zombie. */
const careless = (name: string, next: Command): Command => [
  'bash',
  '-c',
  'echo "pid $0 $$"; "$@" & exec sleep 600',
  name,
  ...next,
]

/** With `detached`, the next one leads a session of its own; with `leave`, this one is gone as soon as that has begun. */
const node = (name: string, next: Command, options = { detached: false, leave: false }): Command => [
  process.execPath,
  '--eval',
  `console.log('pid ${name} ' + process.pid)
  const [, program, ...args] = process.argv
  const child = require('node:child_process').spawn(program, args, { stdio: 'inherit', detached: ${options.detached} })
  if (${options.leave}) child.on('spawn', () => process.exit())`,
  '--',
  ...next,
]

/** The innermost one: it begins to watch when it is told to, and says who is gone. */
const watching = (options = ''): Command => [
  process.execPath,
  '--input-type=module',
  '--eval',
  `import { once } from 'node:events'
  import { watchAncestors } from ${JSON.stringify(join(import.meta.dirname, 'ancestors.ts'))}
  setInterval(() => {}, 60_000)
  const told = once(process, 'SIGUSR2')
  console.log('pid watcher ' + process.pid)
  await told
  watchAncestors(() => console.log('the stopped watch was called'), ${options || '{}'})()
  watchAncestors((who) => console.log('gone: ' + who)${options && `, ${options}`})
  console.log('watching')`,
]

const OFTEN = '{ everyMs: 25 }'

/** Starts processes one below the other, and waits until the innermost one watches. */
async function tree(
  [program, ...args]: Command,
  { detached = true, ready = async (_: Record<string, number>) => {} } = {},
) {
  const root = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], detached })
  roots.add(root)
  const named: Record<string, number> = {}
  const said: string[] = []
  createInterface({ input: root.stdout }).on('line', (line) => {
    const [, name, pid] = /^pid (\S+) (\d+)$/.exec(line) ?? []
    if (!name) return said.push(line)
    named[name] = Number(pid)
    pids.add(Number(pid))
  })
  const until = (look: () => void, timeout = 10_000) => vi.waitFor(look, { timeout, interval: 5 })
  await until(() => expect(named).toHaveProperty('watcher'))
  await ready(named)
  process.kill(named.watcher ?? Number.NaN, 'SIGUSR2')
  await until(() => expect(said).toEqual(['watching']))
  return {
    named,
    said,
    kill: (name: string) => process.kill(named[name] ?? Number.NaN, 'SIGKILL'),
    tells: (who: string, withinMs?: number) =>
      until(() => expect(said).toEqual(['watching', `gone: ${who}`]), withinMs),
  }
}

/** Where `/proc/<pid>/stat` has what, after the name. */
const [STATE, PARENT, SESSION] = [0, 1, 3]

const stat = (pid = 0) =>
  readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')

test.each([
  ['leads a session', true],
  ['does not lead a session', false],
])('a process that is several below a killed shell which %s notices; nobody else does', async (_, detached) => {
  const build = () => tree(shell('build', node('npm', shell('script', node('node', watching())))), { detached })
  const [one, other] = await Promise.all([build(), build()])
  one.kill('build')
  await one.tells(`bash (process ${one.named.build})`, 2_000)
  expect(other.said).toEqual(['watching'])
  other.kill('build')
  await other.tells(`bash (process ${other.named.build})`, 2_000)
  expect(one.said).toHaveLength(2)
})

test('one whose parent never asks how it ended has ended, too', async () => {
  const { kill, named, tells } = await tree(careless('parent', shell('build', node('npm', watching(OFTEN)))))
  kill('build')
  await tells(`bash (process ${named.build})`)
  expect(stat(named.build)[STATE]).toBe('Z')
})

test('what started the leader of the session is of no interest', async () => {
  const login = shell('login', node('node', watching(OFTEN)))
  const { kill, named, tells } = await tree(shell('daemon', node('runner', login, { detached: true, leave: false })))
  kill('daemon')
  kill('runner')
  kill('login')
  // Of several it is the outermost that would have been named.
  await tells(`bash (process ${named.login})`)
})

test('a service that init started is of no interest', async () => {
  const daemon = shell('daemon', shell('build', node('node', watching(OFTEN))))
  const { kill, named, tells } = await tree(node('start', daemon, { detached: true, leave: true }), {
    ready: async ({ daemon, start }) => {
      await vi.waitFor(() => expect(Number(stat(daemon)[PARENT])).not.toBe(start), { timeout: 5_000, interval: 5 })
    },
  })
  expect(stat(named.daemon)[SESSION]).toBe(String(named.daemon))
  kill('daemon')
  kill('build')
  await tells(`bash (process ${named.build})`)
})

test.each([
  ['itself', (next: Command) => next],
  ['above it', (next: Command) => node('own', next)],
])('what this program has set apart from its own session (%s) belongs to its ancestors', async (_, apart) => {
  const npm = node('npm', apart(watching(OFTEN)), { detached: true, leave: false })
  const { kill, named, tells } = await tree(shell('build', npm))
  kill('build')
  await tells(`bash (process ${named.build})`)
})

test('a watch keeps no process alive', async () => {
  const script = `import { watchAncestors } from ${JSON.stringify(join(import.meta.dirname, 'ancestors.ts'))}
  watchAncestors(() => {})`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'inherit' })
  expect(await once(child, 'exit')).toEqual([0, null])
})
