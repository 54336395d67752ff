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
import { afterEach, beforeEach, expect, test } from 'vitest'
import { holderProcess } from '../scope/test-holder.ts'
import { writeManifest } from '../snapshot/manifest.ts'
import { pruneSnapshots, type SnapshotPruneRequest } from './prune-snapshots.ts'

const GB = 2 ** 30

let stateDir: string
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'ccci-snapshots-'))
})
afterEach(() => rmSync(stateDir, { recursive: true }))

const warm = (...path: string[]) => join(stateDir, 'warm', ...path)

const prune = (changes: Partial<SnapshotPruneRequest> = {}) =>
  pruneSnapshots({ stateDir, budget: GB, enrolled: new Set(), shared: new Set(), log: logFile(), ...changes })

const logFile = () => join(stateDir, 'prune.jsonl')

/** A file of a size that takes no room. */
function sized(file: string, gigabytes: number): void {
  writeFileSync(file, '')
  truncateSync(file, Math.round(gigabytes * GB))
}

/** A snapshot in force, taken on a day. */
function snapshot(name: string, day: number, gigabytes: number): void {
  const folder = `snapshot.202601${String(day).padStart(2, '0')}T000000Z-0000`
  mkdirSync(warm(name, folder), { recursive: true })
  sized(warm(name, folder, 'data.tar.zst'), gigabytes)
  const at = new Date(Date.UTC(2026, 0, day)).toISOString()
  const volume = { name: 'data', driver: 'local', options: {}, labels: {}, archive: 'data.tar.zst' }
  writeManifest(warm(name, folder), {
    format: 1,
    recipe: name,
    stack: `warm-${name}_ci_localhost`,
    version: '1.0.0+1',
    commit: 'c',
    begunAt: at,
    takenAt: at,
    volumes: [{ ...volume, size: 1, sha256: '0'.repeat(64), files: { f: 1 } }],
  })
  symlinkSync(folder, warm(name, 'snapshot'))
}

/** What a process that was killed in the middle has left beside it. */
function leftover(name: string, gigabytes: number): void {
  mkdirSync(warm(name, 'snapshot.new'), { recursive: true })
  sized(warm(name, 'snapshot.new', 'data.tar.zst'), gigabytes)
}

const inForce = () => readdirSync(warm()).filter((name) => existsSync(warm(name, 'snapshot')))

test('within the budget nothing goes, not even what nobody owns', async () => {
  snapshot('gone', 1, 0.5)
  leftover('gone', 0.2)
  const pruning = await prune()
  expect(pruning).toMatchObject({ outcome: 'within', snapshots: 1, removed: [], freedBytes: 0 })
  expect(pruning.bytes).toBeGreaterThan(0.7 * GB)
  expect(inForce()).toEqual(['gone'])
})

test('beyond it, those that nobody owns go, the oldest first, until the rest fits', async () => {
  snapshot('newer', 2, 0.6)
  snapshot('older', 1, 0.6)
  const pruning = await prune()
  expect(inForce()).toEqual(['newer'])
  expect(pruning.outcome).toBe('pruned')
  expect(pruning.removed).toEqual([
    { name: 'older', why: 'its recipe is not enrolled, and it is no canonical', bytes: pruning.freedBytes },
  ])
  expect(pruning).not.toHaveProperty('over')
  // All of it is gone, the folder too.
  expect(existsSync(warm('older'))).toBe(false)
  const line = JSON.parse(readFileSync(logFile(), 'utf8')) as object
  expect(line).toMatchObject({ at: expect.stringMatching(/Z$/), ...pruning })
})

test('then what no link leads to goes, and the snapshot in force stays', async () => {
  snapshot('enrolled', 1, 0.3)
  leftover('enrolled', 5)
  writeFileSync(warm('enrolled', 'canonical.json'), '{}')
  const { removed } = await prune({ enrolled: new Set(['enrolled']) })
  expect(removed).toEqual([{ name: 'enrolled', why: 'no link leads to it', bytes: 5 * GB }])
  expect(readdirSync(warm('enrolled')).sort()).toEqual(['canonical.json', 'snapshot', 'snapshot.20260101T000000Z-0000'])
})

test('the last good of whoever has one stays whatever it takes, and that is said', async () => {
  for (const name of ['enrolled', 'canonical', 'shared', 'once-shared', 'in-use', 'nobodys']) snapshot(name, 1, 3)
  writeFileSync(warm('canonical', 'canonical.json'), '{}')
  writeFileSync(warm('once-shared', 'last-good.json'), '{}')
  writeFileSync(warm('in-use', 'in-use.json'), '{}')
  const { over, removed } = await prune({ enrolled: new Set(['enrolled']), shared: new Set(['shared']) })
  expect(removed.map(({ name }) => name)).toEqual(['nobodys'])
  expect(over?.bytes).toBeGreaterThan(14 * GB)
  expect(over?.needed).toEqual([
    { name: 'canonical', why: 'it is a canonical' },
    { name: 'enrolled', why: 'its recipe is enrolled' },
    { name: 'in-use', why: 'it is a canonical' },
    { name: 'once-shared', why: 'it is the last good of a shared app' },
    { name: 'shared', why: 'it is the last good of a shared app' },
  ])
  expect(inForce()).toEqual(['canonical', 'enrolled', 'in-use', 'once-shared', 'shared'])
})

test('what somebody writes at this moment is left alone, and goes when that process is gone', async () => {
  leftover('demo', 3)
  mkdirSync(warm('.leases'))
  const holder = await holderProcess(warm('.leases'), 'demo', 'snapshot of demo')
  try {
    const { removed, over } = await prune()
    expect(removed).toEqual([])
    expect(over?.needed).toEqual([{ name: 'demo', why: 'somebody uses it now' }])
    expect(existsSync(warm('demo', 'snapshot.new', 'data.tar.zst'))).toBe(true)
  } finally {
    await holder.kill()
  }
  expect((await prune()).removed).toMatchObject([{ name: 'demo', why: 'no link leads to it' }])
  expect(existsSync(warm('demo'))).toBe(false)
})

test('one whose manifest cannot be read is nobody’s to remove', async () => {
  snapshot('torn', 1, 3)
  writeFileSync(warm('torn', 'snapshot', 'manifest.json'), '{')
  const why = 'it cannot be read, so nobody can tell whose it is'
  expect(await prune()).toMatchObject({ removed: [], over: { needed: [{ name: 'torn', why }] } })
  expect(inForce()).toEqual(['torn'])
})

test('a dry run says the same, touches nothing and writes nothing', async () => {
  snapshot('gone', 1, 3)
  leftover('other', 1)
  const dry = await prune({ dryRun: true })
  expect(dry.outcome).toBe('would prune')
  expect(inForce()).toEqual(['gone'])
  expect(existsSync(logFile())).toBe(false)
  expect((await prune()).removed).toEqual(dry.removed)
})

test('where no snapshot has ever been, there is nothing to do', async () => {
  expect(await prune()).toMatchObject({ outcome: 'within', snapshots: 0, bytes: 0 })
})
