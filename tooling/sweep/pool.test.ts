import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ChildPool } from './pool.ts'
import { childEnvironment } from './run-child.ts'

// The children are small programs of the test; that runs end as they should is shown in run-recipe.test.ts.

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ccci-pool-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** A process takes its time on a busy machine. */
const WAIT = { timeout: 15_000 }

const said = () => readFileSync(join(folder, 'log'), 'utf8')

/** A child that runs a script. */
function child(script: string, env = {}) {
  const program = join(folder, 'program.mjs')
  writeFileSync(program, script)
  return { program, args: ['one'], env, log: join(folder, 'log') }
}

test('no more run at once than there is capacity, and all have their turn', async () => {
  // Each begins, waits for another one beside it, unless all have begun, and ends.
  const script = `
    import { readFileSync, writeSync } from 'node:fs'
    const count = (what) => readFileSync(${JSON.stringify(join(folder, 'log'))}, 'utf8').split(what).length - 1
    writeSync(1, 'begin ')
    const last = performance.now() + 10_000
    const alone = () => count('begin ') - count('end ') < 2 && count('begin ') < 5
    while (alone() && performance.now() < last) await new Promise((resolve) => setTimeout(resolve, 5))
    writeSync(1, 'with ' + (count('begin ') - count('end ')) + ' ')
    writeSync(1, 'end ')`
  await using pool = new ChildPool(2)
  const ends = await Promise.all(Array.from({ length: 5 }, () => pool.run(child(script))))
  expect(ends).toEqual(Array(5).fill({ exitCode: 0, signal: undefined }))
  const most = Math.max(...[...said().matchAll(/with (\d)/g)].map(([, count]) => Number(count)))
  expect(most).toBe(2)
  expect(said().match(/end /g)).toHaveLength(5)
})

test('what a child ends with, and prints, is handed on', async () => {
  await using pool = new ChildPool(1)
  expect(await pool.run(child(`console.log(process.argv[2]); console.error('bad'); process.exit(7)`))).toEqual({
    exitCode: 7,
    signal: undefined,
  })
  expect(said()).toBe('one\nbad\n')
  expect(await pool.run(child(`process.kill(process.pid, 'SIGKILL')`))).toEqual({
    exitCode: undefined,
    signal: 'SIGKILL',
  })
})

test('each signal reaches those that run, as often as it comes', async () => {
  await using pool = new ChildPool(1)
  const script = `
    let count = 0
    process.on('SIGINT', () => (++count === 2 ? process.exit(42) : console.log('once')))
    console.log('ready')
    setInterval(() => {}, 1000)`
  const end = pool.run(child(script))
  await vi.waitFor(() => expect(said()).toContain('ready'), WAIT)
  pool.kill('SIGINT')
  await vi.waitFor(() => expect(said()).toContain('once'), WAIT)
  pool.kill('SIGINT')
  expect(await end).toEqual({ exitCode: 42, signal: undefined })
})

test('what says which run a sweep was started by is not for its children', async () => {
  vi.stubEnv('CCCI_REF', 'my-branch')
  vi.stubEnv('CCCI_KEEP_ON_FAILURE', '2h')
  try {
    await using pool = new ChildPool(1)
    const show = `console.log(process.env.CCCI_REF, process.env.CCCI_KEEP_ON_FAILURE, process.env.CCCI_RUN_ID)`
    await pool.run(child(show, childEnvironment({ CCCI_RUN_ID: 'x' })))
    expect(said()).toBe('undefined no x\n')
  } finally {
    vi.unstubAllEnvs()
  }
})
