import type { SurveyRequest } from '../scope/survey.ts'
import { convergingServices } from './converging.ts'
import { type DiskUse, engineDisks } from './disk-use.ts'
import { whatIsLive } from './live.ts'

/** A gate that is closed: Docker is not pruned now. */
export interface ClosedGate {
  gate: 'disk' | 'runs' | 'services'
  /** Why, in words: what was seen. */
  seen: string[]
}

export interface GateRequest extends Omit<SurveyRequest, 'only'> {
  /** The engine's address. */
  dockerHost: string
  /** From how many percent on a disk is full enough. */
  pruneAt: number
}

/** Closed unless a disk that pruning could relieve is full enough. */
export async function diskGate({ docker, dockerHost, pruneAt }: GateRequest): Promise<ClosedGate[]> {
  const disks = await engineDisks(docker, dockerHost)
  if (disks.some(({ percent }) => percent >= pruneAt)) return []
  const remote = `the engine at ${dockerHost} is reached over the network: how full its disk is cannot be seen from here`
  const seen = disks.length > 0 ? [`${disks.map(useText).join(', ')}; pruned from ${pruneAt} % on`] : [remote]
  return [{ gate: 'disk', seen }]
}

const useText = ({ path, percent }: DiskUse): string => `${path} is ${percent.toFixed(1)} % full`

/**
 * Closed while anything is live or converges on the engine.
 *
 * @param except the id of the one in the queue for capacity that does not count: the asker's own.
 */
export async function quietGates(request: GateRequest, except?: string): Promise<ClosedGate[]> {
  const live = await whatIsLive(request, except)
  const converging = await convergingServices(request.docker)
  const gates: ClosedGate[] = [
    { gate: 'runs', seen: live },
    { gate: 'services', seen: converging.map((text) => `${text} is converging`) },
  ]
  return gates.filter(({ seen }) => seen.length > 0)
}
