import { CapacityError, type CapacityShare, takeCapacity } from '../run/capacity.ts'
import { MAX_CAPACITY } from '../settings/schema.ts'
import { type CommandDone, commandText, PRUNE_COMMANDS, pruneBy } from './docker-commands.ts'
import { type ClosedGate, diskGate, type GateRequest, quietGates } from './gates.ts'
import { capacityFolder } from './live.ts'
import { logPruning } from './prune-log.ts'

export interface DockerPruneRequest extends GateRequest {
  /** Says what it would do, and does nothing. */
  dryRun?: boolean | undefined
  /** The file that says what was done, one JSON object a line. */
  log?: string | undefined
  signal?: AbortSignal | undefined
}

/** What became of pruning Docker. */
export interface DockerPruning {
  what: 'docker'
  outcome: 'held' | 'would prune' | 'pruned' | 'failed'
  /** The gates that held it. */
  gates: ClosedGate[]
  /** What was done; of what would be done, the commands. */
  commands: CommandDone[]
}

/**
 * Prunes stopped containers, images without a name and build cache that are older than a day, if a disk is full enough,
 * nothing is live on the engine and no service of it is converging. While it works, it has all of the host's capacity, so
 * that no run begins to deploy meanwhile: those that come wait, and are told for what.
 *
 * @throws {CapacityBusyError | CapacityQueueError | LeaseFileError} when it cannot be told whether anything is live; the
 *   signal's reason, at an abort before the first command.
 */
export async function pruneDocker(request: DockerPruneRequest): Promise<DockerPruning> {
  const pruning = await whatBecame(request)
  if (!request.dryRun) logPruning(request.log, pruning)
  return pruning
}

async function whatBecame(request: DockerPruneRequest): Promise<DockerPruning> {
  const gates = [...(await diskGate(request)), ...(await quietGates(request))]
  if (gates.length > 0) return held(gates)
  if (request.dryRun) {
    const commands = PRUNE_COMMANDS.map((args) => ({
      command: commandText(args),
      removed: [],
      freedBytes: 0,
      durationMs: 0,
    }))
    return { what: 'docker', outcome: 'would prune', gates: [], commands }
  }
  const runId = `prune-${process.pid}`
  using share = await wholeCapacity(request, runId)
  // Somebody came between the look and the taking, or holds a lease without capacity: a janitor, a teardown.
  const since = await quietGates(request, runId)
  if (!share) return held(since.length > 0 ? since : [{ gate: 'runs', seen: ['a run has just come and gone'] }])
  if (since.length > 0) return held(since)
  const commands: CommandDone[] = []
  for (const args of PRUNE_COMMANDS) {
    request.signal?.throwIfAborted()
    commands.push(await pruneBy(args, request))
    if (request.signal?.aborted) break
  }
  const failed = commands.some(({ error }) => error !== undefined)
  return { what: 'docker', outcome: failed ? 'failed' : 'pruned', gates: [], commands }
}

const held = (gates: ClosedGate[]): DockerPruning => ({ what: 'docker', outcome: 'held', gates, commands: [] })

/**
 * As much as any process may hold to be a host's capacity: each judges by its own settings. Nobody is waited for, since a
 * place in the queue would hold up those behind it.
 */
async function wholeCapacity(
  { leases, signal }: DockerPruneRequest,
  runId: string,
): Promise<CapacityShare | undefined> {
  const all = { weight: MAX_CAPACITY, capacity: MAX_CAPACITY }
  try {
    return await takeCapacity({
      folder: capacityFolder(leases),
      runId,
      what: 'docker prune',
      ...all,
      timeoutMs: 0,
      signal,
    })
  } catch (error) {
    if (error instanceof CapacityError) return undefined
    throw error
  }
}
