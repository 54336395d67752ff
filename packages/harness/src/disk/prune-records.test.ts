import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { assembleRecord } from '../run/assemble.ts'
import { takeCapacity } from '../run/capacity.ts'
import type { RunRecord } from '../run/record.ts'
import { runDir, runsDir, saveRecord, scopesDir } from '../run/store.ts'
import { placeOrder } from '../scope/order.ts'
import { holderProcess } from '../scope/test-holder.ts'
import { capacityFolder } from './live.ts'
import { pruneRecords, type RecordPruneRequest } from './prune-records.ts'

const GB = 2 ** 30

let root: string
let stateDir: string
let leaseDir: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ccci-records-'))
  stateDir = join(root, 'state')
  leaseDir = join(root, 'leases')
})
afterEach(() => rmSync(root, { recursive: true }))

const prune = (changes: Partial<RecordPruneRequest> = {}) =>
  pruneRecords({ stateDir, leaseDir, budget: 2 * GB, keep: 1, log: join(stateDir, 'prune.jsonl'), ...changes })

const left = () => readdirSync(runsDir(stateDir)).sort()

/** A file of a size that takes no room. */
function sized(file: string, bytes: number): void {
  writeFileSync(file, '')
  truncateSync(file, Math.round(bytes))
}

/** A run of a day, with evidence of a size. */
function record(id: string, day: number, gigabytes: number, given: Partial<RunRecord> = {}): void {
  const folder = runDir(stateDir, id)
  mkdirSync(join(folder, 'evidence/install'), { recursive: true })
  sized(join(folder, 'evidence/install/trace.zip'), gigabytes * GB)
  const assembled = assembleRecord({
    id,
    recipe: given.recipe ?? 'demo',
    state: 'finished',
    startedAt: Date.UTC(2026, 0, day),
    endedAt: Date.UTC(2026, 0, day, 0, 1),
    tests: [],
    fileErrors: [],
    unhandledErrors: [],
    journal: [],
  })
  saveRecord(folder, { ...assembled, ...given })
}

test('within the budget, nothing goes', async () => {
  record('a', 1, 0.5)
  record('b', 2, 0.5)
  expect(await prune()).toMatchObject({ outcome: 'within', runs: 2, removed: [], freedBytes: 0 })
  expect(left()).toEqual(['a', 'b'])
})

test('beyond it, the oldest runs go, whole, until the rest fits, and that is said and written down', async () => {
  for (const [index, id] of ['d', 'c', 'b', 'a'].entries()) record(id, index + 1, 0.8)
  const pruning = await prune()
  expect(left()).toEqual(['a', 'b'])
  expect(pruning).toMatchObject({ outcome: 'pruned', runs: 4, removed: [{ id: 'd' }, { id: 'c' }] })
  expect(pruning.bytes - pruning.freedBytes).toBeLessThanOrEqual(2 * GB)
  expect(pruning.freedBytes).toBeGreaterThan(1.6 * GB)
  expect(pruning).not.toHaveProperty('over')
  const line = JSON.parse(readFileSync(join(stateDir, 'prune.jsonl'), 'utf8')) as object
  expect(line).toMatchObject({ at: expect.stringMatching(/Z$/), ...pruning })
})

test('a dry run says the same, touches nothing and writes nothing', async () => {
  for (const [index, id] of ['d', 'c', 'b', 'a'].entries()) record(id, index + 1, 0.8)
  const dry = await prune({ dryRun: true })
  expect(dry.outcome).toBe('would prune')
  expect(left()).toEqual(['a', 'b', 'c', 'd'])
  expect(existsSync(join(stateDir, 'prune.jsonl'))).toBe(false)
  expect((await prune()).removed).toEqual(dry.removed)
})

test('the newest of each recipe stay, whatever they take, and it says so', async () => {
  record('old-demo', 1, 3)
  record('new-demo', 2, 3)
  record('rare', 0, 3, { recipe: 'rare' })
  const pruning = await prune()
  expect(left()).toEqual(['new-demo', 'rare'])
  expect(pruning.over).toMatchObject({ newest: 2, needed: [] })
  expect(pruning.over?.bytes).toBeGreaterThan(4 * GB)
  expect((await prune({ keep: 2 })).removed).toEqual([])
})

test('a run whose record cannot be read is one by its name; what is no run is left alone', async () => {
  mkdirSync(join(runsDir(stateDir), 'notes'), { recursive: true })
  sized(join(runsDir(stateDir), 'notes/mine'), 3 * GB)
  for (const id of ['20250101-000000-demo-00beef', '20250102-000000-demo-00beef']) {
    mkdirSync(runDir(stateDir, id))
    writeFileSync(join(runDir(stateDir, id), 'run.json'), '{ "schemaVersion": 0 }')
    sized(join(runDir(stateDir, id), 'trace.zip'), 3 * GB)
  }
  expect(await prune()).toMatchObject({ runs: 2, removed: [{ id: '20250101-000000-demo-00beef' }] })
  expect(left()).toEqual(['20250102-000000-demo-00beef', 'notes'])
})

test('a link in a run goes without what it leads to', async () => {
  record('old', 1, 3)
  record('new', 2, 0.1)
  sized(join(root, 'precious'), GB)
  symlinkSync(root, join(runDir(stateDir, 'old'), 'link'))
  expect(await prune()).toMatchObject({ removed: [{ id: 'old' }] })
  expect(existsSync(join(root, 'precious'))).toBe(true)
})

test('where no run has ever been, there is nothing to do', async () => {
  expect(await prune()).toMatchObject({ outcome: 'within', runs: 0, bytes: 0 })
})

describe('a run that is not over stays, however old:', () => {
  const staysBecause = async (why: RegExp | string) => {
    record('newest', 20, 0.1)
    const pruning = await prune()
    expect(left()).toEqual(['newest', 'old'])
    expect(pruning.over?.needed).toEqual([{ id: 'old', why: expect.stringMatching(why) }])
  }

  test('one that is running', async () => {
    record('old', 1, 3, { state: 'running', pid: process.pid })
    await staysBecause('its record has not ended')
  })

  test('one that was cut off, until its record is ended', async () => {
    record('old', 1, 3, { state: 'running', pid: 2 ** 22 + 1 })
    await staysBecause('its record has not ended')
  })

  test('one whose app is kept, as long as that', async () => {
    const until = new Date(Date.now() + 60_000).toISOString()
    record('old', 1, 3, { kept: { until, url: 'https://d', stack: 's' } })
    await staysBecause(`kept until ${until}`)
    expect((await prune({ now: Date.now() + 61_000 })).removed).toMatchObject([{ id: 'old' }])
  })

  test('one whose scope is not closed: its teardown writes in its journal', async () => {
    record('old', 1, 3)
    const lease = { folder: join(leaseDir, 'engine'), name: 'demo-000000_ci_localhost' }
    placeOrder(scopesDir(stateDir), {
      runId: 'old',
      dockerHost: 'unix:///nowhere',
      teardownTimeoutMs: 1,
      lease,
      runDir: runDir(stateDir, 'old'),
    })
    await staysBecause('its scope is open')
  })

  test('one whose lease somebody holds, on whatever engine', async () => {
    record('old', 1, 3)
    const folder = join(leaseDir, 'engine')
    mkdirSync(folder, { recursive: true })
    const holder = await holderProcess(folder, 'demo-000000_ci_localhost', 'old')
    try {
      await staysBecause('it is live')
    } finally {
      await holder.kill()
    }
    expect((await prune()).removed).toMatchObject([{ id: 'old' }])
  })

  test('one that is in the queue for capacity', async () => {
    record('old', 1, 3)
    const folder = capacityFolder(join(leaseDir, 'engine'))
    using _ = await takeCapacity({ folder, runId: 'old', what: 'demo', weight: 1, capacity: 1, timeoutMs: 0 })
    await staysBecause('it is live')
  })
})
