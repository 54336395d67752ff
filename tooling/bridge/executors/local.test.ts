import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { killProcess, processesWith } from '@cc-ci/harness'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { until } from '../../dev-host/until.ts'
import { openLog } from '../log.ts'
import { paramsOf } from '../params.ts'
import { openDatabase } from '../store/database.ts'
import { CHEAP } from '../test/test-bridge.ts'
import type { Sight } from './executor.ts'
import { JobQueue } from './jobs.ts'
import { LocalExecutor } from './local.ts'

const SOURCE = 'http://git.example/recipes/custom-html.git'

let stateDir: string
let db: DatabaseSync
beforeEach(() => {
  stateDir = realpathSync(mkdtempSync(join(tmpdir(), 'ccci-local-')))
  db = openDatabase(stateDir)
})
// Each run is two processes, and the machine may be busy.
vi.setConfig({ testTimeout: 60_000 })

afterEach(async () => {
  for (const { pid } of processesWith('CCCI_STATE_DIR', stateDir)) killProcess(pid)
  await until(() => processesWith('CCCI_STATE_DIR', stateDir).length === 0, { deadlineMs: 5_000 })
  db.close()
  rmSync(stateDir, { recursive: true, force: true })
})

const open = (options: { capacity?: number; command?: string[] } = {}) =>
  new LocalExecutor({
    queue: new JobQueue(db),
    stateDir,
    capacity: options.capacity ?? 1,
    command: options.command ?? CHEAP,
    recipeSources: ['/srv/recipes'],
    link: (runId) => `http://ci.example/runs/${runId}`,
    log: openLog(() => {}),
    onChange: () => {},
  })

let runs = 0
function params(quick = false) {
  runs += 1
  const runId = `20260130-101502-custom-html-${String(runs).padStart(6, '0')}`
  return paramsOf({ runId, recipe: 'custom-html', pr: runs, sha: 'a'.repeat(40), quick })
}

interface Begun {
  id: string
  ref: string
  quick: string
  sources: string
}

function begun(): Begun[] {
  const file = join(stateDir, 'begun.log')
  if (!existsSync(file)) return []
  // What follows the last line's end is only being written.
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as Begun)
}
const mark = (name: string) => writeFileSync(join(stateDir, name), '')
const unmark = (name: string) => rmSync(join(stateDir, name))

async function see(executor: LocalExecutor, runId: string, wanted: Sight['state']): Promise<Sight> {
  const sight = await until(
    async () => {
      const now = await executor.look('', runId)
      return now.state === wanted && now
    },
    { deadlineMs: 30_000, everyMs: 20 },
  )
  if (!sight) throw new Error(`${runId} was never ${wanted}: ${JSON.stringify(await executor.look('', runId))}`)
  return sight
}
const saw = (count: number) => until(() => begun().length >= count, { deadlineMs: 30_000, everyMs: 20 })

test('a run is begun with what it was asked for, and ends', async () => {
  const executor = open()
  const asked = params(true)
  const triggered = await executor.create(asked, SOURCE)
  expect(triggered).toEqual({ ref: asked.RUN_ID, link: `http://ci.example/runs/${asked.RUN_ID}` })
  expect(await see(executor, asked.RUN_ID, 'ended')).toMatchObject({ end: { result: 'success' } })
  expect(begun()).toEqual([
    {
      id: asked.RUN_ID,
      recipe: 'custom-html',
      ref: asked.SHA,
      pr: asked.PR,
      quick: '1',
      sources: 'http://git.example/recipes/{recipe}.git /srv/recipes',
    },
  ])
  expect(await executor.find(asked.RUN_ID)).toEqual(triggered)
  expect(await executor.find(params().RUN_ID)).toBeUndefined()
})

test('asked for twice, it is begun once', async () => {
  const executor = open({ capacity: 4 })
  const asked = params()
  await Promise.all([executor.create(asked, SOURCE), executor.create(asked, SOURCE)])
  await see(executor, asked.RUN_ID, 'ended')
  await executor.create(asked, SOURCE)
  expect(begun()).toHaveLength(1)
})

test('as many as there is room for go on at once, the others in their order', async () => {
  mark('hold')
  const executor = open({ capacity: 2 })
  const asked = [params(), params(), params(), params()]
  for (const each of asked) await executor.create(each, SOURCE)
  await saw(2)
  for (const waiting of asked.slice(2)) await see(executor, waiting.RUN_ID, 'waiting')
  expect(begun()).toHaveLength(2)
  unmark('hold')
  for (const each of asked) await see(executor, each.RUN_ID, 'ended')
  const order = begun().map(({ id }) => id)
  expect(order.slice(0, 2).sort()).toEqual([asked[0]?.RUN_ID, asked[1]?.RUN_ID])
  expect(order).toHaveLength(4)
})

test('runs outlive their executor, and the next one finds them, those that end and those that have not begun', async () => {
  mark('hold')
  const before = open()
  const [going, waiting] = [params(), params()]
  await before.create(going, SOURCE)
  await before.create(waiting, SOURCE)
  await saw(1)
  const after = open()
  await see(after, going.RUN_ID, 'running')
  await see(after, waiting.RUN_ID, 'waiting')
  unmark('hold')
  await see(after, going.RUN_ID, 'ended')
  await see(after, waiting.RUN_ID, 'ended')
  expect(begun().map(({ id }) => id)).toEqual([going.RUN_ID, waiting.RUN_ID])
})

test('a run that was to be launched when its executor was killed is launched by the next', async () => {
  const queue = new JobQueue(db)
  const asked = params()
  queue.add(asked, SOURCE)
  // As far as it comes before it is killed.
  expect(queue.take(1)?.runId).toBe(asked.RUN_ID)
  await see(open(), asked.RUN_ID, 'ended')
  expect(begun()).toHaveLength(1)
})

test('what ended long ago is forgotten, with what it printed', async () => {
  const executor = open()
  const [old, fresh] = [params(), params()]
  await executor.create(old, SOURCE)
  await see(executor, old.RUN_ID, 'ended')
  db.prepare('UPDATE job SET ended_at = ? WHERE run_id = ?').run(Date.now() - 31 * 24 * 3600 * 1000, old.RUN_ID)
  expect(existsSync(join(stateDir, 'bridge', old.RUN_ID))).toBe(true)
  await executor.create(fresh, SOURCE)
  expect(existsSync(join(stateDir, 'bridge', old.RUN_ID))).toBe(false)
  expect(await executor.find(old.RUN_ID)).toBeUndefined()
  await see(executor, fresh.RUN_ID, 'ended')
})

test('of many launchers of one run, one begins it', async () => {
  mark('hold')
  const executor = open()
  const asked = params()
  await executor.create(asked, SOURCE)
  await saw(1)
  const folder = join(stateDir, 'bridge', asked.RUN_ID)
  const again = () => execa(process.execPath, [join(import.meta.dirname, 'launch.ts'), folder])
  await Promise.all([again(), again(), again()])
  unmark('hold')
  await see(executor, asked.RUN_ID, 'ended')
  expect(begun()).toHaveLength(1)
})

test('told to end, a run that goes on ends in order, and one that waits never begins', async () => {
  mark('hold')
  const executor = open()
  const [going, waiting] = [params(), params()]
  await executor.create(going, SOURCE)
  await executor.create(waiting, SOURCE)
  await saw(1)
  await executor.cancel('', waiting.RUN_ID, false)
  expect(await see(executor, waiting.RUN_ID, 'ended')).toMatchObject({ end: { result: 'killed' } })
  await executor.cancel('', going.RUN_ID, false)
  expect(await see(executor, going.RUN_ID, 'ended')).toMatchObject({ end: { result: 'killed' } })
  await executor.cancel('', going.RUN_ID, false)
  expect(begun()).toHaveLength(1)
})

test('one that does not hear is ended by force', async () => {
  mark('hold')
  mark('deaf')
  const executor = open()
  const asked = params()
  await executor.create(asked, SOURCE)
  await saw(1)
  await executor.cancel('', asked.RUN_ID, false)
  await see(executor, asked.RUN_ID, 'running')
  await executor.cancel('', asked.RUN_ID, true)
  expect(await see(executor, asked.RUN_ID, 'ended')).toMatchObject({ end: { result: 'killed' } })
  expect(processesWith('CCCI_RUN_ID', asked.RUN_ID)).toEqual([])
})

test('where the launcher alone was killed, what it started is told to end before the run is called ended', async () => {
  mark('hold')
  const executor = open()
  const asked = params()
  await executor.create(asked, SOURCE)
  await saw(1)
  const launcher = processesWith('CCCI_RUN_ID', asked.RUN_ID).find(({ command }) => command.includes('launch.ts'))
  process.kill(launcher?.pid ?? 0, 'SIGKILL')
  expect(await see(executor, asked.RUN_ID, 'ended')).toMatchObject({ end: { result: 'killed' } })
  expect(processesWith('CCCI_RUN_ID', asked.RUN_ID)).toEqual([])
})

test('a program that is not there is the fault of the host', async () => {
  const executor = open({ command: [join(stateDir, 'no-such-program')] })
  const asked = params()
  await executor.create(asked, SOURCE)
  expect(await see(executor, asked.RUN_ID, 'ended')).toMatchObject({
    end: { result: 'error', detail: expect.stringContaining('ENOENT') },
  })
})

test.each([
  [1, 'failure'],
  [2, 'failure'],
  [3, 'error'],
  [143, 'killed'],
])('exit code %i is told as %s, with what was said last', async (code, result) => {
  const executor = open({ command: ['/bin/sh', '-c', `echo the last word; exit ${code}`] })
  const asked = params()
  await executor.create(asked, SOURCE)
  expect(await see(executor, asked.RUN_ID, 'ended')).toEqual({
    state: 'ended',
    end: { result, detail: 'the last word' },
  })
})
