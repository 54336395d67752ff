import { join } from 'node:path'
import type Docker from 'dockerode'
import { engineId } from '../docker/engine-id.ts'
import type { Settings } from '../settings/schema.ts'

/** The folder with the leases of an engine's apps: the same for everybody on this machine who works with that engine. */
export async function leaseFolder(docker: Docker, { leaseDir }: Pick<Settings, 'leaseDir'>): Promise<string> {
  return join(leaseDir, await engineId(docker))
}
