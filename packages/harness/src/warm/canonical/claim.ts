import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import type Docker from 'dockerode'
import { CcciError } from '../../errors.ts'
import { canonicalKind } from '../../scope/kinds.ts'
import type { Scope } from '../../scope/scope.ts'
import type { Settings } from '../../settings/schema.ts'
import { SnapshotDamagedError } from '../../snapshot/errors.ts'
import { readSnapshot, verifySnapshot } from '../../snapshot/intact.ts'
import type { CanonicalData } from './data.ts'
import { type KnownGood, readKnownGood } from './entry.ts'
import { CanonicalDamagedError } from './errors.ts'
import type { CanonicalPlace } from './place.ts'
import { isAsLeft, putBack } from './put-back.ts'
import { learnValues } from './secrets.ts'
import { type CanonicalUse, readUse, writeUse } from './use.ts'

/** What stands under a canonical's name is none of cc-ci's. */
export class NotACanonicalError extends CcciError {}

export interface ClaimRequest {
  docker: Docker
  settings: Settings
  scope: Scope
  place: CanonicalPlace
  /** The folder of the engine's leases; the canonical's is held by this process. */
  leases: string
  runId: string
  purpose: CanonicalUse['purpose']
  onStep?: ((text: string) => void) | undefined
}

/** A canonical in use: the scope puts it back. */
export interface Claim {
  data: CanonicalData
  /** What it is now, undeployed; nothing when there is none yet. */
  good: KnownGood | undefined
}

/** How many bytes of an archive are restored in a millisecond on a slow disk. */
const SLOW_BYTES_PER_MS = 5_000

/**
 * Takes a canonical into use. What a dead user left is put back first; the known-good is read whole, so that it can be put
 * back whatever is done from now on. The scope owns the use from before anything is touched.
 *
 * @throws {CanonicalDamagedError} before anything is touched; {NotACanonicalError}.
 */
export async function claimCanonical(request: ClaimRequest): Promise<Claim> {
  const { settings, scope, place, leases, runId } = request
  const { dockerHost, stateDir, helperImage } = settings
  const { name, stack, envFile } = place
  mkdirSync(place.folder, { recursive: true })
  const data: CanonicalData = {
    dockerHost,
    stateDir,
    name,
    stack,
    leases,
    envFile,
    helperImage,
    token: randomBytes(8).toString('hex'),
    runId,
    patienceMs: Math.ceil(packedBytes(stateDir, name) / SLOW_BYTES_PER_MS),
  }
  // Whoever finds the use in the ledger undoes it: by then it must be certain that what is there is a canonical.
  if (!readUse(place.folder) && !whole(data, place.folder)) await mustBeNobodys(data, request.docker)
  return await scope.acquire(canonicalKind, data, async (signal) => ({
    data,
    good: await prepare(request, data, signal),
  }))
}

function packedBytes(stateDir: string, name: string): number {
  try {
    return readSnapshot(stateDir, name)?.volumes.reduce((sum, { size }) => sum + size, 0) ?? 0
  } catch {
    return 0
  }
}

async function prepare(
  { docker, settings, place, runId, purpose, onStep }: ClaimRequest,
  data: CanonicalData,
  signal: AbortSignal,
): Promise<KnownGood | undefined> {
  const { folder, stack, name } = place
  const timeoutMs = settings.teardownTimeout * 1000 + data.patienceMs
  const before = readUse(folder)
  if (before) {
    onStep?.(`run ${before.runId} has left the canonical of ${name} in use`)
    await putBack(data, { timeoutMs, onStep })
  }
  const { stateDir, helperImage } = settings
  const good = whole(data, folder)
  if (good && !before && !(await isAsLeft(data, docker, good))) await putBack(data, { timeoutMs, onStep })
  else if (good && !before)
    await verify({ docker, helperImage, stateDir, recipe: name, stack }, folder, { timeoutMs, signal })
  // Nobody makes them anew, so nobody else would learn them.
  learnValues(good?.secrets.map(({ value }) => value) ?? [])
  const since = new Date().toISOString()
  writeUse(folder, { token: data.token, runId, pid: process.pid, since, purpose, step: 'attached' })
  return good
}

/** @throws {CanonicalDamagedError} */
function whole({ stateDir, name }: CanonicalData, folder: string): KnownGood | undefined {
  try {
    return readKnownGood(stateDir, name)
  } catch (error) {
    throw error instanceof SnapshotDamagedError ? damaged(name, folder, error) : error
  }
}

async function verify(
  target: Parameters<typeof verifySnapshot>[0],
  folder: string,
  limits: Parameters<typeof verifySnapshot>[1],
): Promise<void> {
  try {
    await verifySnapshot(target, limits)
  } catch (error) {
    throw error instanceof SnapshotDamagedError ? damaged(target.recipe, folder, error) : error
  }
}

const damaged = (name: string, folder: string, error: SnapshotDamagedError): CanonicalDamagedError =>
  new CanonicalDamagedError(name, error.damage.join('; '), folder, error)

/** Where no canonical is, nothing may be in its place, or it would be taken for one and removed. */
async function mustBeNobodys(data: CanonicalData, docker: Docker): Promise<void> {
  const foreign = readSnapshot(data.stateDir, data.name)
  if (!foreign && (await isAsLeft(data, docker, undefined))) return
  throw new NotACanonicalError({
    happened: `Something is at ${data.stack} that is no canonical of cc-ci's, so none is made there.`,
    lastSeen: foreign ? `a snapshot of ${foreign.recipe} ${foreign.version}, taken ${foreign.takenAt}` : undefined,
    todo: `Look at it (docker stack services ${data.stack}, docker volume ls) and remove it if nobody needs it.`,
  })
}
