import { rmdirSync } from 'node:fs'
import { messageOf } from '../errors.ts'
import { clearLeftovers, dropSnapshot, snapshotLease } from '../snapshot/place.ts'
import { logPruning } from './prune-log.ts'
import { lookInto, type SnapshotFolder, type SnapshotOwners, snapshotFolders } from './snapshot-folders.ts'

export interface SnapshotPruneRequest extends SnapshotOwners {
  stateDir: string
  /** Bytes that all snapshots together may take. */
  budget: number
  /** Says what it would do, and does nothing. */
  dryRun?: boolean | undefined
  /** The file that says what was done, one JSON object a line. */
  log?: string | undefined
}

/** A snapshot that was removed, would be, or could not be. */
export interface RemovedSnapshot {
  /** What it is called in the folder `warm`. */
  name: string
  /** Why it may go. */
  why: string
  bytes: number
  error?: string
}

/** What became of pruning snapshots. */
export interface SnapshotPruning {
  what: 'snapshots'
  outcome: 'within' | 'would prune' | 'pruned' | 'failed'
  budget: number
  /** How many names there were, and what all they had took. */
  snapshots: number
  bytes: number
  removed: RemovedSnapshot[]
  freedBytes: number
  /** Left although the budget is not kept, each with the reason. */
  over?: { bytes: number; needed: { name: string; why: string }[] }
}

const UNOWNED = 'its recipe is not enrolled, and it is no canonical'
const LEFTOVER = 'no link leads to it'
const BUSY = 'somebody uses it now'

/**
 * Removes snapshots of a state directory until the rest takes no more than its budget: first those of recipes that are not
 * enrolled and have no canonical, the oldest first, then what a crash has left beside a snapshot. The last good of an enrolled
 * recipe or of a shared app stays whatever it takes, and so does what somebody reads or writes at this moment.
 */
export async function pruneSnapshots(request: SnapshotPruneRequest): Promise<SnapshotPruning> {
  const { stateDir, budget, dryRun } = request
  const all = await snapshotFolders(stateDir, request)
  const bytes = all.reduce((sum, one) => sum + bytesOf(one), 0)
  let left = bytes
  const removed: RemovedSnapshot[] = []
  const stays = new Map(all.flatMap(({ name, needed }) => (needed === undefined ? [] : [[name, needed]])))
  for (const one of inOrder(all)) {
    if (left <= budget) break
    const done = one.busy ? BUSY : dryRun ? wouldGo(one) : await remove(request, one.name)
    if (typeof done === 'string') stays.set(one.name, done)
    else {
      removed.push(done)
      if (done.error === undefined) left -= done.bytes
    }
  }
  const failed = removed.some(({ error }) => error !== undefined)
  const pruning: SnapshotPruning = {
    what: 'snapshots',
    outcome: failed ? 'failed' : removed.length === 0 ? 'within' : dryRun ? 'would prune' : 'pruned',
    budget,
    snapshots: all.length,
    bytes,
    removed,
    freedBytes: bytes - left,
    ...(left > budget
      ? { over: { bytes: left - budget, needed: [...stays].map(([name, why]) => ({ name, why })) } }
      : {}),
  }
  if (!dryRun) logPruning(request.log, pruning)
  return pruning
}

const bytesOf = ({ inForce, leftovers }: SnapshotFolder): number => (inForce?.bytes ?? 0) + (leftovers?.bytes ?? 0)

/** Those that nobody needs, the oldest first; then what is left beside others. */
function inOrder(all: readonly SnapshotFolder[]): SnapshotFolder[] {
  const unowned = all.filter(({ inForce, needed }) => inForce && needed === undefined)
  const beside = all.filter((one) => one.leftovers && !unowned.includes(one))
  return [
    ...unowned.sort((one, other) => (one.inForce?.takenAt ?? '').localeCompare(other.inForce?.takenAt ?? '')),
    ...beside,
  ]
}

const isUnowned = ({ inForce, needed }: SnapshotFolder): boolean => inForce !== undefined && needed === undefined

const wouldGo = (one: SnapshotFolder): RemovedSnapshot =>
  isUnowned(one)
    ? { name: one.name, why: UNOWNED, bytes: bytesOf(one) }
    : { name: one.name, why: LEFTOVER, bytes: one.leftovers?.bytes ?? 0 }

/** Removes what may go of one name, or says why nothing may: it may have changed since the first look. */
async function remove(request: SnapshotPruneRequest, name: string): Promise<RemovedSnapshot | string> {
  let lease: Disposable
  try {
    lease = snapshotLease(request.stateDir, name)
  } catch {
    return BUSY
  }
  using _ = lease
  const one = await lookInto(request.stateDir, name, request)
  const going = wouldGo(one)
  try {
    if (isUnowned(one)) dropSnapshot(one.folder)
    else clearLeftovers(one.folder)
  } catch (error) {
    return { ...going, error: messageOf(error) }
  }
  try {
    rmdirSync(one.folder)
  } catch {
    // Something else is kept there.
  }
  return going
}
