import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { closest, distance } from 'fastest-levenshtein'
import { CcciError, messageOf, UsageError } from '../errors.ts'
import { writeAtomically } from '../files/write.ts'
import { outcomesOf } from './assemble.ts'
import { levelOf } from './level.ts'
import { type RunRecord, runRecord } from './record.ts'

/** Nobody recorded a run of this name here. */
export class UnknownRunError extends UsageError {}

/** A run's record is there and cannot be read. */
export class RecordError extends CcciError {}

/** The files every run has, by their names in its folder. */
export const RUN_FILES = {
  record: 'run.json',
  junit: 'junit.xml',
  output: 'output.log',
  journal: 'journal.jsonl',
} as const

/** The folder in which all runs of a state directory are. */
export const runsDir = (stateDir: string): string => join(stateDir, 'runs')

/** The folder in which all scopes of a state directory are. */
export const scopesDir = (stateDir: string): string => join(stateDir, 'scopes')

/** The folder of one run. */
export const runDir = (stateDir: string, id: string): string => join(runsDir(stateDir), id)

/** The name a recipe goes by, which may have been given as the path or the URL of its repository. */
export const recipeName = (recipe: string): string =>
  recipe
    .replace(/\/+$/, '')
    .replace(/^.*[/:]/, '')
    .replace(/\.git$/, '')

/** A new run's id: sorts by time, says the recipe, and is unique. Example: `20260130-101502-custom-html-3f9a2c`. */
export function newRunId(recipe: string, now: Date = new Date()): string {
  const stamp = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15)
  const name = recipeName(recipe)
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, 40)
  return `${stamp}-${name}-${randomBytes(3).toString('hex')}`
}

/** Writes a run's record into its folder, whole or not at all. */
export function saveRecord(folder: string, record: RunRecord): void {
  writeAtomically(join(folder, RUN_FILES.record), `${JSON.stringify(record, null, 2)}\n`)
}

/**
 * Reads the record in a run's folder.
 *
 * @throws {RecordError} when there is none or it is not one.
 */
export function readRecord(folder: string): RunRecord {
  const file = join(folder, RUN_FILES.record)
  try {
    return runRecord.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    throw new RecordError({
      happened: `The record of the run cannot be read: ${messageOf(error).split('\n')[0]}`,
      evidence: file,
      cause: error,
    })
  }
}

const foldersIn = (stateDir: string): string[] => {
  const folder = runsDir(stateDir)
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
}

/** All readable records of a state directory, the newest first. A folder without a readable record is left out. */
export function listRecords(stateDir: string): RunRecord[] {
  return foldersIn(stateDir)
    .flatMap((id) => {
      try {
        return [readRecord(runDir(stateDir, id))]
      } catch {
        return []
      }
    })
    .sort((one, other) => other.startedAt.localeCompare(one.startedAt))
}

/**
 * The record of the run called `name`: its id, the only id that begins or ends with it, or `last`.
 *
 * @throws {UnknownRunError} when there is none or more than one, with the nearest.
 * @throws {RecordError} when it cannot be read.
 */
export function findRecord(stateDir: string, name: string): RunRecord {
  const ids = foldersIn(stateDir)
  if (ids.includes(name)) return readRecord(runDir(stateDir, name))
  const [last] = name === 'last' ? listRecords(stateDir) : []
  if (last) return last
  const matches = ids.filter((id) => id.startsWith(name) || id.endsWith(name))
  const [only] = matches
  if (only && matches.length === 1) return readRecord(runDir(stateDir, only))
  if (matches.length > 1) {
    throw new UnknownRunError({
      happened: `"${name}" names ${matches.length} runs.`,
      todo: `Say which: ${matches.join(', ')}`,
    })
  }
  const nearest = ids.length > 0 ? closest(name, ids) : undefined
  throw new UnknownRunError({
    happened: `There is no run "${name}".`,
    todo:
      nearest && distance(name, nearest) < nearest.length / 2
        ? `The nearest is "${nearest}". List them with: cc-ci runs`
        : 'List them with: cc-ci runs',
  })
}

/** Whether a record that says `running` tells the truth, as far as this host can see. */
export function isRunning(record: Pick<RunRecord, 'state' | 'host' | 'pid'>): boolean {
  if (record.state !== 'running') return false
  if (record.host !== hostname()) return true
  try {
    process.kill(record.pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** A record whose run was ended from outside before it could say so itself; one that has ended stays as it is. */
export function asInterrupted(record: RunRecord, why: string, now: number = Date.now()): RunRecord {
  if (record.state !== 'running') return record
  return {
    ...record,
    state: 'interrupted',
    endedAt: new Date(now).toISOString(),
    durationMs: Math.max(0, now - Date.parse(record.startedAt)),
    verdict: 'interrupted',
    level: levelOf(outcomesOf(record.stages)),
    problems: [why, ...record.problems],
  }
}
