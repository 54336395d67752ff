import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'

/** The label by which `docker stack deploy` marks everything of a stack. */
export const STACK_LABEL = 'com.docker.stack.namespace'

/** The run that made a thing. */
export const RUN_LABEL = 'cc-ci.run'

/** Containers that cc-ci starts beside a stack, which go with it (swarm knows nothing of them): the stack's name. */
export const HELPER_LABEL = 'cc-ci.stack'

/** What a run owns outside of its stack, such as a backup repository: the name of the lease under which it may exist. */
export const LEASE_LABEL = 'cc-ci.lease'

/** The machine whose leases say whether the owner lives. */
export const HOST_LABEL = 'cc-ci.host'

/** This machine, in 12 hex digits; the same after a reboot. */
export function hostId(): string {
  return createHash('sha256').update(`${machineId()}|${hostname()}`).digest('hex').slice(0, 12)
}

function machineId(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim()
  } catch {
    return ''
  }
}

/** The labels of everything that a run makes: whose it is, and where to ask whether the owner lives. */
export const ownerLabels = (runId: string): Record<string, string> => ({ [RUN_LABEL]: runId, [HOST_LABEL]: hostId() })
