import { randomBytes } from 'node:crypto'
import type Docker from 'dockerode'
import { takeLease } from '../../scope/lease.ts'
import { leaseFolder } from '../../scope/lease-folder.ts'
import type { Settings } from '../../settings/schema.ts'
import { dropSnapshot } from '../../snapshot/place.ts'
import { NoCanonicalError } from './errors.ts'
import { findCanonical } from './list.ts'
import { canonicalPlace } from './place.ts'
import { putBack } from './put-back.ts'
import { writeUse } from './use.ts'

export interface RemoveCanonicalRequest {
  docker: Docker
  settings: Settings
  recipe: string
  onStep?: ((text: string) => void) | undefined
  signal?: AbortSignal | undefined
}

/**
 * Removes a canonical with all its data, once nobody uses it. A removal that is cut short is ended by whoever has the
 * canonical's turn next.
 *
 * @throws {NoCanonicalError | LeaseHeldError | TeardownError}
 */
export async function removeCanonical(request: RemoveCanonicalRequest): Promise<void> {
  const { docker, settings, recipe, onStep, signal } = request
  const { stateDir, dockerHost, helperImage } = settings
  const place = canonicalPlace(recipe, settings)
  const { name, stack, folder, envFile } = place
  const leases = await leaseFolder(docker, settings)
  if (!findCanonical(settings, name, leases)) throw new NoCanonicalError(recipe)
  const token = randomBytes(8).toString('hex')
  const runId = `removal of ${name}`
  const timeoutMs = settings.queueTimeout * 1000
  using _ = await takeLease({
    folder: leases,
    name: stack,
    runId,
    timeoutMs,
    signal,
    ...(onStep ? { onWait: onStep } : {}),
  })
  const since = new Date().toISOString()
  writeUse(folder, { token, runId, pid: process.pid, since, purpose: 'removal', step: 'attached' })
  // From here on there is none, whenever this ends.
  dropSnapshot(folder)
  const data = { dockerHost, stateDir, name, stack, leases, envFile, helperImage, token, runId, patienceMs: 0 }
  await putBack(data, { timeoutMs: settings.teardownTimeout * 1000, onStep })
}
