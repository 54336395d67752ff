import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type CapacityMember, capacityInUse } from '../run/capacity-queue.ts'
import { isLeaseHeld, leaseHolder } from '../scope/lease.ts'
import { type SurveyRequest, survey } from '../scope/survey.ts'

/** A lease that somebody holds now. */
interface HeldLease {
  /** What it is the lease of: a stack. */
  name: string
  runId: string | undefined
  /** Who holds it, in words. */
  who: string
}

/** The queue for the host's capacity, in the folder of an engine's leases. */
export const capacityFolder = (leases: string): string => join(leases, 'capacity')

function heldLeases(leases: string): HeldLease[] {
  if (!existsSync(leases)) return []
  return readdirSync(leases)
    .filter((file) => file.endsWith('.lock') && file !== 'guard.lock')
    .map((file) => file.slice(0, -'.lock'.length))
    .filter((name) => isLeaseHeld(leases, name))
    .map((name) => {
      const holder = leaseHolder(leases, name)
      const who = holder ? `run ${holder.runId}, process ${holder.pid}` : 'its lease is held'
      return { name, runId: holder?.runId, who }
    })
}

const memberText = ({ what, state, runId, pid }: CapacityMember): string =>
  `${what} is ${state === 'running' ? 'in capacity' : 'waiting for capacity'} (run ${runId}, process ${pid})`

/** What does not count as live. */
export interface NotCounted {
  /** Names of leases. */
  leases?: readonly string[]
  /** The id of a member of the queue for capacity. */
  member?: string | undefined
}

/** Who holds a lease of an engine, or a place in its queue for capacity, in words: by locks alone. */
export function whoIsLive(leases: string, { leases: others = [], member }: NotCounted = {}): string[] {
  const held = heldLeases(leases).filter(({ name }) => !others.includes(name))
  const members = capacityInUse(capacityFolder(leases)).filter(({ runId }) => runId !== member)
  return [
    ...held.map(({ name, who }) => `${name} is live (${who})`),
    ...members.filter(({ runId }) => !held.some((lease) => lease.runId === runId)).map(memberText),
  ]
}

/**
 * What is live on an engine, in words; empty when nothing is. By locks alone: whoever holds the lease of a stack, or is in
 * the queue for capacity; and what may not be judged by locks: apps that are kept for a while, and those of other machines.
 *
 * @param except the id of a member of that queue which does not count.
 */
export async function whatIsLive(request: SurveyRequest, except?: string): Promise<string[]> {
  const live = whoIsLive(request.leases, { member: except })
  const beside = (await survey(request)).filter(({ condition }) => condition === 'kept' || condition === 'foreign')
  return [...live, ...beside.map(({ stack, why }) => `${stack} is ${why}`)]
}

/** The runs that hold a lease or a place in a queue of any engine of this machine, by their ids. */
export function liveRunIds(leaseDir: string): Set<string> {
  if (!existsSync(leaseDir)) return new Set()
  const engines = readdirSync(leaseDir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(leaseDir, name))
  const ids = engines.flatMap((leases) => [
    ...heldLeases(leases).flatMap(({ runId }) => runId ?? []),
    ...capacityInUse(capacityFolder(leases)).map(({ runId }) => runId),
  ])
  return new Set(ids)
}
