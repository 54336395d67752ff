import type Docker from 'dockerode'

/**
 * What tells one engine from another, whatever the address it is reached at: the id of its swarm, or its own where it has
 * none. The same after a restart.
 */
export async function engineId(docker: Docker): Promise<string> {
  const info = (await docker.info()) as { ID?: string; Swarm?: { Cluster?: { ID?: string } } }
  return info.Swarm?.Cluster?.ID || info.ID || 'engine'
}
