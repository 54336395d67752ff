import type Docker from 'dockerode'
import { outlivesRuns } from '../app/names.ts'
import { describeResidue, residueOf } from '../app/residue.ts'
import { removeStack, removeVolume, type TeardownOptions } from '../app/teardown.ts'
import { LEASE_LABEL } from '../docker/labels.ts'
import { leaseNameOf, readOrder, scopeFolders } from './order.ts'
import { Scope } from './scope.ts'
import { takeOver } from './take-over.ts'

/** What an earlier run has left behind under a name. */
export interface Leftovers {
  /** Folders of scopes that were not closed. */
  scopes: string[]
  /** What there is in Docker, in words. */
  docker: string[]
}

/** Looks for all that may be left under a name: scopes on disk, the stack, and what belongs to its lease beside it. */
export async function leftoversOf(docker: Docker, stack: string, scopes: string): Promise<Leftovers> {
  const folders = scopeFolders(scopes).filter((folder) => leaseNameOf(folder) === stack)
  if (outlivesRuns(stack)) return { scopes: folders, docker: [] }
  const [residue, beside] = await Promise.all([residueOf(docker, stack), besideStack(docker, stack)])
  return {
    scopes: folders,
    docker: [...describeResidue(residue), ...beside.map(({ kind, name }) => `${kind} ${name}`)],
  }
}

export interface ReclaimRequest {
  docker: Docker
  stack: string
  /** The folder of all scopes of this state directory. */
  scopes: string
  timeoutMs: number
  /** Who does it and why, for the journals of the dead runs. */
  why: string
  onStep?: ((text: string) => void) | undefined
}

/**
 * Removes all that dead runs have left under a name: what their ledgers list, then whatever else is there by label and
 * name, so it works without any ledger. What outlives runs is not removed: the ledgers say how it is put back. The caller
 * holds the lease.
 *
 * @throws {ScopeCloseError | TeardownError} naming what is left.
 */
export async function reclaim(request: ReclaimRequest): Promise<void> {
  const { docker, stack, scopes, timeoutMs, why, onStep } = request
  const failures: unknown[] = []
  for (const folder of (await leftoversOf(docker, stack, scopes)).scopes) {
    const order = readOrder(folder)
    const undone = order ? takeOver(order, why) : undo(folder, timeoutMs)
    await undone.catch((error: unknown) => failures.push(error))
  }
  if (!outlivesRuns(stack)) await removeWhole(docker, stack, { timeoutMs, onStep })
  if (failures.length > 0) throw failures[0]
}

async function removeWhole(docker: Docker, stack: string, options: TeardownOptions): Promise<void> {
  await removeStack(docker, stack, options)
  for (const { kind, name } of await besideStack(docker, stack)) {
    if (kind === 'container') await docker.getContainer(name).remove({ force: true })
    else await removeVolume(docker, name)
  }
}

/** A scope whose order cannot be read has a ledger all the same. */
const undo = (folder: string, teardownTimeoutMs: number): Promise<void> =>
  new Scope({ folder, teardownTimeoutMs, secondLook: true }).close()

/** What belongs to a lease and is not of the stack: containers first, since they hold the volumes. */
async function besideStack(docker: Docker, stack: string): Promise<{ kind: 'container' | 'volume'; name: string }[]> {
  const label = [`${LEASE_LABEL}=${stack}`]
  const [containers, volumes] = await Promise.all([
    docker.listContainers({ all: true, filters: { label } }),
    docker.listVolumes({ filters: JSON.stringify({ label }) }),
  ])
  return [
    ...containers.map(({ Names: [name = ''] }) => ({ kind: 'container' as const, name: name.slice(1) })),
    ...(volumes.Volumes ?? []).map(({ Name: name }) => ({ kind: 'volume' as const, name })),
  ]
}
