import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { writeAtomically } from '@cc-ci/harness'
import { livesHere } from './lives.ts'
import { SWEEP_VERSION, type SweepRecord, sweepRecord } from './record.ts'

/** The files of a sweep, by their names in its folder. */
export const SWEEP_FILES = { record: 'sweep.json', page: 'index.html', text: 'summary.txt' } as const

/** The folder in which all sweeps of a state directory are. */
const sweepsDir = (stateDir: string): string => join(stateDir, 'sweeps')

/** The folder of one sweep. */
export const sweepDir = (stateDir: string, id: string): string => join(sweepsDir(stateDir), id)

/** So many sweeps are kept: a season's. */
const KEEP = 100

/** A new sweep's record, as it begins. Its id sorts by time: `20260130-030000-3f9a2c`. */
export function newSweep(capacity: number, now: Date = new Date()): SweepRecord {
  const stamp = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15)
  return {
    schemaVersion: SWEEP_VERSION,
    id: `${stamp}-${randomBytes(3).toString('hex')}`,
    host: hostname(),
    pid: process.pid,
    startedAt: now.toISOString(),
    state: 'running',
    capacity,
    recipes: [],
    removed: [],
    budgets: [],
    problems: [],
    notes: [],
  }
}

/** Writes a sweep's record into its folder, whole or not at all. */
export function saveSweep(stateDir: string, record: SweepRecord): void {
  writeSweepFile(stateDir, record, SWEEP_FILES.record, `${JSON.stringify(record, null, 2)}\n`)
}

/** Writes a file of a sweep, whole or not at all. */
export function writeSweepFile(stateDir: string, { id }: Pick<SweepRecord, 'id'>, name: string, text: string): void {
  mkdirSync(sweepDir(stateDir, id), { recursive: true })
  writeAtomically(join(sweepDir(stateDir, id), name), text)
}

/** All sweeps of a state directory, the newest first; what cannot be read is left out. */
export function listSweeps(stateDir: string): SweepRecord[] {
  const folder = sweepsDir(stateDir)
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .sort()
    .reverse()
    .flatMap((id) => {
      try {
        return [sweepRecord.parse(JSON.parse(readFileSync(join(folder, id, SWEEP_FILES.record), 'utf8')))]
      } catch {
        return []
      }
    })
}

/**
 * Ends the records of sweeps that were cut off: their process is gone, and they say that they are running.
 *
 * @returns the newest of them.
 */
export function endCutOff(stateDir: string): SweepRecord | undefined {
  const cut = listSweeps(stateDir).filter(
    (record) => record.state === 'running' && record.host === hostname() && !livesHere(record),
  )
  for (const record of cut) {
    const text = 'it was cut off: its process was gone before it could say anything'
    saveSweep(stateDir, {
      ...record,
      state: 'interrupted',
      verdict: 'interrupted',
      recipes: record.recipes.map((one) => (one.outcome === 'pending' ? { ...one, outcome: 'interrupted' } : one)),
      problems: [...record.problems, { blame: 'infrastructure', text }],
    })
  }
  return cut[0]
}

/** Removes the oldest sweeps of a state directory beyond those that are kept. */
export function forgetOldSweeps(stateDir: string, keep: number = KEEP): void {
  for (const { id } of listSweeps(stateDir).slice(keep)) {
    rmSync(sweepDir(stateDir, id), { recursive: true, force: true })
  }
}
