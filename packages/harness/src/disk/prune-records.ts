import { rmSync } from 'node:fs'
import { messageOf } from '../errors.ts'
import { logPruning } from './prune-log.ts'
import { type RunFolder, runFolders } from './run-folders.ts'

export interface RecordPruneRequest {
  stateDir: string
  /** The folder of the leases of all engines. */
  leaseDir: string
  /** Bytes that all runs together may take. */
  budget: number
  /** So many of the newest runs of each recipe stay, whatever they take. */
  keep: number
  /** Says what it would do, and does nothing. */
  dryRun?: boolean | undefined
  /** The file that says what was done, one JSON object a line. */
  log?: string | undefined
  /** Milliseconds since 1970. Default: now. */
  now?: number | undefined
}

/** A run whose folder was removed, would be, or could not be. */
export interface RemovedRun {
  id: string
  bytes: number
  error?: string
}

/** What became of pruning run records. */
export interface RecordPruning {
  what: 'records'
  outcome: 'within' | 'would prune' | 'pruned' | 'failed'
  budget: number
  /** How many there were, and what they took. */
  runs: number
  bytes: number
  removed: RemovedRun[]
  freedBytes: number
  /** Left although the budget is not kept: as one of the newest of its recipe, or since somebody needs it still. */
  over?: { bytes: number; newest: number; needed: { id: string; why: string }[] }
}

/**
 * Removes the oldest runs of a state directory, each with all it has left, until the rest takes no more than its budget.
 * The newest of each recipe stay, and so does whatever is not over: a run that is live by its lease, whose record has not
 * ended, whose scope is not closed, or whose app is kept.
 */
export async function pruneRecords(request: RecordPruneRequest): Promise<RecordPruning> {
  const { stateDir, leaseDir, budget, keep, dryRun, now = Date.now() } = request
  const runs = await runFolders(stateDir, leaseDir, now)
  const newest = newestOfEach(runs, keep)
  const bytes = sum(runs)
  let left = bytes
  const removed: RemovedRun[] = []
  for (const run of runs.toReversed()) {
    if (left <= budget) break
    if (run.needed !== undefined || newest.has(run.id)) continue
    const error = dryRun ? undefined : remove(run)
    removed.push({ id: run.id, bytes: run.bytes, ...(error === undefined ? {} : { error }) })
    if (error === undefined) left -= run.bytes
  }
  const failed = removed.some(({ error }) => error !== undefined)
  const needed = runs.flatMap(({ id, needed: why }) => (why === undefined ? [] : [{ id, why }]))
  const pruning: RecordPruning = {
    what: 'records',
    outcome: failed ? 'failed' : removed.length === 0 ? 'within' : dryRun ? 'would prune' : 'pruned',
    budget,
    runs: runs.length,
    bytes,
    removed,
    freedBytes: bytes - left,
    ...(left > budget ? { over: { bytes: left - budget, newest: newest.size, needed } } : {}),
  }
  if (!dryRun) logPruning(request.log, pruning)
  return pruning
}

const sum = (runs: readonly RunFolder[]): number => runs.reduce((all, { bytes }) => all + bytes, 0)

function newestOfEach(runs: readonly RunFolder[], keep: number): Set<string> {
  const ofRecipe = Object.groupBy(runs, ({ recipe }) => recipe)
  return new Set(Object.values(ofRecipe).flatMap((own) => (own ?? []).slice(0, keep).map(({ id }) => id)))
}

function remove({ folder }: RunFolder): string | undefined {
  try {
    rmSync(folder, { recursive: true, force: true })
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}
