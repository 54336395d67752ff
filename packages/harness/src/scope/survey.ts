import { readdirSync } from 'node:fs'
import { basename } from 'node:path'
import type Docker from 'dockerode'
import { outlivesRuns } from '../app/names.ts'
import { HELPER_LABEL, HOST_LABEL, hostId, LEASE_LABEL, RUN_LABEL, STACK_LABEL } from '../docker/labels.ts'
import { keptUntil } from './kept.ts'
import { isLeaseHeld, leaseHolder } from './lease.ts'
import { leaseNameOf, readOrder, scopeFolders } from './order.ts'

/** By what something is known to be cc-ci's, the most trustworthy first. */
export type Trust = 'label' | 'ledger' | 'name'

/**
 * What is the matter with something that is owned:
 * - `live`: its owner holds the lease;
 * - `kept`: a failed app that may stay up for a while;
 * - `foreign`: made from another machine, whose leases cannot be seen from here;
 * - `dirty`: nobody holds the lease, and it is there.
 */
export type Condition = 'live' | 'kept' | 'foreign' | 'dirty'

/** All that is there under one name. */
export interface Found {
  /** The stack's name, which is the lease's. */
  stack: string
  trust: Trust
  condition: Condition
  /** Why it is in that condition, in words. */
  why: string
  /** The runs that made it, as far as labels and ledgers say. */
  runIds: string[]
  /** What is there and changes only when somebody does something: services and data, by kind and name; scopes. */
  things: string[]
}

export interface SurveyRequest {
  docker: Docker
  /** The folder of the engine's leases. */
  leases: string
  /** The folder of all scopes of this state directory. */
  scopes: string
  /** The base domain of runs, for the name scheme. */
  baseDomain: string
  /** Only these stacks; all when absent. */
  only?: readonly string[] | undefined
}

interface Thing {
  kind: string
  id: string
  name: string
  labels: Record<string, string>
}

/**
 * The name of a run's stack, or the beginning of the name of something in it: `<first 4>-<6 hex>_<base domain>` (see
 * `runDomain`).
 */
function stackInName(name: string, baseDomain: string): string | undefined {
  const base = baseDomain.replaceAll('.', '_')
  const match = /^([a-z0-9]{1,4}-[0-9a-f]{6})_(.+)$/.exec(name)
  if (!match || outlivesRuns(name)) return undefined
  const [, start, rest = ''] = match
  return rest === base || rest.startsWith(`${base}_`) ? `${start}_${base}` : undefined
}

/** Everything in Docker that could be a run's, with its labels. Tasks follow their services. */
async function thingsIn(docker: Docker): Promise<Thing[]> {
  const [services, containers, networks, volumes, secrets, configs] = await Promise.all([
    docker.listServices(),
    docker.listContainers({ all: true }),
    docker.listNetworks(),
    docker.listVolumes(),
    docker.listSecrets(),
    docker.listConfigs(),
  ])
  type Swarms = { ID: string; Spec?: { Name?: string; Labels?: Record<string, string> } }
  const swarms = (kind: string, objects: unknown[]) =>
    (objects as Swarms[]).map(({ ID: id, Spec }) => ({ kind, id, name: Spec?.Name ?? id, labels: Spec?.Labels ?? {} }))
  return [
    ...swarms('service', services),
    ...containers.map(({ Id: id, Names: [name = id], Labels: labels }) => {
      return { kind: 'container', id, name: name.replace(/^\//, ''), labels: labels ?? {} }
    }),
    ...networks.map(({ Id: id, Name: name, Labels }) => ({ kind: 'network', id, name, labels: Labels ?? {} })),
    ...(volumes.Volumes ?? []).map(({ Name: name, Labels }) => {
      return { kind: 'volume', id: name, name, labels: Labels ?? {} }
    }),
    ...swarms('secret', secrets),
    ...swarms('config', configs),
  ]
}

/** The name under which something is owned, and whether its labels say so. */
function ownerOf({ name, labels }: Thing, baseDomain: string): { stack: string; labelled: boolean } | undefined {
  const stack = labels[LEASE_LABEL] ?? labels[HELPER_LABEL] ?? labels[STACK_LABEL]
  if (outlivesRuns(stack ?? name)) return undefined
  if (stack && labels[RUN_LABEL]) return { stack, labelled: true }
  const named = stackInName(stack ?? name, baseDomain)
  return named ? { stack: named, labelled: RUN_LABEL in labels } : undefined
}

/** Containers of services come and go by themselves; those of cc-ci do not. */
const standsStill = ({ kind, labels }: Thing): boolean =>
  kind !== 'container' || LEASE_LABEL in labels || HELPER_LABEL in labels

/** Looks once for everything that runs own or have left, in Docker and on disk. Changes nothing. */
export async function survey(request: SurveyRequest): Promise<Found[]> {
  const { docker, scopes, baseDomain, only } = request
  const things = await thingsIn(docker)
  const places = new Map<string, { things: Thing[]; folders: string[]; labelled: boolean }>()
  const place = (stack: string) => {
    const found = places.get(stack) ?? { things: [], folders: [], labelled: false }
    places.set(stack, found)
    return found
  }
  for (const thing of things) {
    const owner = ownerOf(thing, baseDomain)
    if (!owner) continue
    const found = place(owner.stack)
    found.things.push(thing)
    found.labelled ||= owner.labelled
  }
  for (const folder of scopeFolders(scopes)) place(leaseNameOf(folder)).folders.push(folder)
  // What carries no label of ours but stands in a stack that does, or that a ledger names.
  for (const [stack, found] of places) {
    // Of what outlives runs, only the scopes of its users are anybody's to undo.
    if (outlivesRuns(stack)) continue
    const rest = things.filter((thing) => !found.things.includes(thing) && isOf(thing, stack))
    found.things.push(...rest)
  }
  return [...places]
    .filter(([stack]) => !only || only.includes(stack))
    .map(([stack, found]) => describe(stack, found, request))
    .sort((one, other) => one.stack.localeCompare(other.stack))
}

const isOf = ({ name, labels }: Thing, stack: string): boolean =>
  labels[STACK_LABEL] === stack || name.startsWith(`${stack}_`)

function describe(
  stack: string,
  { things, folders, labelled }: { things: Thing[]; folders: string[]; labelled: boolean },
  { leases, scopes }: SurveyRequest,
): Found {
  const byLabel = things.map(({ labels }) => labels[RUN_LABEL]).filter((id) => id !== undefined)
  // What a run has deployed beside its app stays as long as that is kept.
  const ofRuns = byLabel.length === 0 ? [] : scopeFolders(scopes).filter((folder) => byLabel.includes(runOf(folder)))
  const byLedger = folders.map(runOf)
  return {
    stack,
    trust: labelled ? 'label' : folders.length > 0 ? 'ledger' : 'name',
    ...conditionOf(stack, things, [...folders, ...ofRuns], leases),
    runIds: [...new Set([...byLabel, ...byLedger])].sort(),
    things: [
      ...things.filter(standsStill).map(({ kind, id, name }) => `${kind} ${name}${id === name ? '' : ` ${id}`}`),
      ...folders.map((folder) => `scope ${folder} (${readdirSync(folder).join(', ')})`),
    ].sort(),
  }
}

const runOf = (folder: string): string => readOrder(folder)?.runId ?? basename(folder)

function conditionOf(
  stack: string,
  things: Thing[],
  folders: string[],
  leases: string,
): { condition: Condition; why: string } {
  if (isLeaseHeld(leases, stack)) {
    const holder = leaseHolder(leases, stack)
    return { condition: 'live', why: holder ? `run ${holder.runId}, process ${holder.pid}` : 'its lease is held' }
  }
  const elsewhere = things.map(({ labels }) => labels[HOST_LABEL]).find((host) => host && host !== hostId())
  if (elsewhere) return { condition: 'foreign', why: `made from the machine ${elsewhere}, whose leases are not here` }
  const until = Math.max(...folders.map((folder) => keptUntil(folder) ?? 0))
  if (until > 0) return { condition: 'kept', why: `kept until ${new Date(until).toISOString()}` }
  return { condition: 'dirty', why: 'nobody holds its lease' }
}
