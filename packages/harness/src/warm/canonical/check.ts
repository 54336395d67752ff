import { randomBytes } from 'node:crypto'
import type Docker from 'dockerode'
import { tryLease } from '../../scope/lease.ts'
import { leaseFolder } from '../../scope/lease-folder.ts'
import type { Settings } from '../../settings/schema.ts'
import { SnapshotDamagedError } from '../../snapshot/errors.ts'
import { verifySnapshot } from '../../snapshot/intact.ts'
import { canonicalPlace } from './place.ts'
import { putBack } from './put-back.ts'
import { readUse, writeUse } from './use.ts'

/**
 * Reads the known-good of a recipe's canonical whole, and says in the registry whether it is damaged, before somebody
 * relies on it. One that somebody uses at this moment is left to them; where there is none, nothing is done.
 */
export async function checkCanonical(docker: Docker, settings: Settings, recipe: string): Promise<void> {
  const { stateDir, dockerHost, helperImage } = settings
  const { name, stack, folder, envFile } = canonicalPlace(recipe, settings)
  const leases = await leaseFolder(docker, settings)
  const since = new Date().toISOString()
  const runId = `check of ${name}`
  using lease = tryLease(leases, stack, { runId, pid: process.pid, since })
  if (!lease) return
  const user = readUse(folder)
  if (user && user.step !== 'damaged') return
  const timeoutMs = settings.deployTimeout * 1000
  try {
    await verifySnapshot({ docker, helperImage, stateDir, recipe: name, stack }, { timeoutMs })
  } catch (error) {
    if (!(error instanceof SnapshotDamagedError)) return
    const why = error.damage.join('; ')
    const token = user?.token ?? randomBytes(8).toString('hex')
    writeUse(folder, { token, runId, pid: process.pid, since, purpose: 'quick', ...user, step: 'damaged', why })
    return
  }
  if (!user) return
  // It was mended.
  const data = {
    dockerHost,
    stateDir,
    name,
    stack,
    leases,
    envFile,
    helperImage,
    token: user.token,
    runId,
    patienceMs: 0,
  }
  await putBack(data, { timeoutMs })
}
