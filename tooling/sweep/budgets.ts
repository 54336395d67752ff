import { pruneLog, pruneRecords, pruneSnapshots, type Settings } from '@cc-ci/harness'
import type { SweptBudget } from './record.ts'
import { snapshotOwners } from './suites.ts'

/** Keeps run records to their budget. */
export async function recordBudget(settings: Settings, dryRun = false): Promise<SweptBudget> {
  const { stateDir, leaseDir, recordBudget: budget, recordKeep: keep } = settings
  const done = await pruneRecords({ stateDir, leaseDir, budget, keep, dryRun, log: pruneLog(stateDir) })
  return swept({ ...done, removed: done.removed.map(({ id, ...rest }) => ({ name: id, ...rest })) })
}

/** Keeps snapshots to their budget. */
export async function snapshotBudget(settings: Settings, root: string, dryRun = false): Promise<SweptBudget> {
  const { stateDir, snapshotBudget: budget } = settings
  const owners = await snapshotOwners(root, settings)
  return swept(await pruneSnapshots({ stateDir, budget, ...owners, dryRun, log: pruneLog(stateDir) }))
}

interface Pruned extends Pick<SweptBudget, 'what' | 'outcome' | 'budget' | 'bytes' | 'freedBytes'> {
  removed: { name: string; error?: string }[]
  over?: { bytes: number }
}

function swept({ what, outcome, budget, bytes, freedBytes, removed, over }: Pruned): SweptBudget {
  const errors = removed.flatMap(({ name, error }) => (error === undefined ? [] : [`${name}: ${error}`]))
  return {
    what,
    outcome,
    budget,
    bytes,
    freedBytes,
    removed: removed.flatMap(({ name, error }) => (error === undefined ? [name] : [])),
    ...(over ? { overBytes: over.bytes } : {}),
    ...(errors.length > 0 ? { why: errors.join('\n') } : {}),
  }
}
