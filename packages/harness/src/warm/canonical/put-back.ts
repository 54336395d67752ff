import { rmSync } from 'node:fs'
import type Docker from 'dockerode'
import { residueOf } from '../../app/residue.ts'
import { removeStack, stopStack } from '../../app/teardown.ts'
import { dockerClient } from '../../docker/connect.ts'
import { throughOutage } from '../../docker/outage.ts'
import { writeAtomically } from '../../files/write.ts'
import { holdsLease, takeLease, tryLease } from '../../scope/lease.ts'
import { SnapshotDamagedError } from '../../snapshot/errors.ts'
import { clearLeftovers, warmFolder } from '../../snapshot/place.ts'
import { restoreSnapshot } from '../../snapshot/restore.ts'
import type { CanonicalData } from './data.ts'
import { type KnownGood, readKnownGood, removeEntry, writeEntry } from './entry.ts'
import { CanonicalDamagedError } from './errors.ts'
import { hasSecrets, putSecretsBack } from './secrets.ts'
import { type CanonicalUse, clearUse, readUse, writeUse } from './use.ts'

/** The moments between which something changes. */
export type PutBackStep = 'begun' | 'stopped' | 'restoring' | 'volumes back' | 'secrets back' | 'files back' | 'idle'

export interface PutBackOptions {
  /** Milliseconds for each part of it. */
  timeoutMs: number
  /** Told what is being done, in words. */
  onStep?: ((text: string) => void) | undefined
  /** Told of each moment as it is there. */
  onMoment?: ((step: PutBackStep) => void) | undefined
}

/**
 * Makes a canonical what its known-good says, whatever stands and whatever was done to it: nothing is deployed, its volumes
 * are restored, others are gone, its secrets and its `.env` are what they were. Where no known-good is in force, nothing
 * of it is left. Idempotent, and done anew when it was cut short. The lease must be held.
 *
 * @throws {CanonicalDamagedError} when the snapshot is damaged; the volumes are left as they are then.
 */
export async function putBack(data: CanonicalData, options: PutBackOptions): Promise<void> {
  const { name, stack, stateDir } = data
  const { timeoutMs, onStep, onMoment } = options
  const folder = warmFolder(stateDir, name)
  const docker = dockerClient(data.dockerHost)
  const user = readUse(folder)
  if (user && user.step !== 'damaged') writeUse(folder, { ...user, step: 'being put back' })
  onMoment?.('begun')
  onStep?.(`putting the canonical of ${name} back`)
  await stopStack(docker, stack, { timeoutMs, onStep })
  await freeVolumes(docker, stack, timeoutMs)
  onMoment?.('stopped')
  try {
    const good = readKnownGood(stateDir, name)
    if (good) await restore(data, docker, good, options)
    else await removeAll(data, docker, options)
  } catch (error) {
    if (!(error instanceof SnapshotDamagedError)) throw error
    const why = error.damage.join('; ')
    writeUse(folder, { ...(user ?? unknownUse(data)), step: 'damaged', why })
    throw new CanonicalDamagedError(name, why, folder, error)
  }
  onMoment?.('files back')
  clearUse(folder)
  onMoment?.('idle')
}

const unknownUse = ({ token, runId }: CanonicalData): CanonicalUse => ({
  token,
  runId,
  pid: process.pid,
  since: new Date().toISOString(),
  purpose: 'test',
  step: 'damaged',
})

async function restore(
  data: CanonicalData,
  docker: Docker,
  { entry, env, secrets }: KnownGood,
  { timeoutMs, onMoment }: PutBackOptions,
): Promise<void> {
  const { stateDir, name, stack, helperImage, envFile } = data
  const target = { docker, helperImage, stateDir, recipe: name, stack }
  await restoreSnapshot(target, { timeoutMs, onStep: (step) => step === 'made anew' && onMoment?.('restoring') })
  onMoment?.('volumes back')
  await putSecretsBack(docker, stack, secrets)
  await removeConfigs(docker, stack)
  onMoment?.('secrets back')
  writeAtomically(envFile, env, 0o600)
  writeEntry(warmFolder(stateDir, name), entry)
}

/** There was none before, or it was removed. */
async function removeAll(data: CanonicalData, docker: Docker, { timeoutMs, onStep }: PutBackOptions): Promise<void> {
  await removeStack(docker, data.stack, { timeoutMs, onStep })
  const folder = warmFolder(data.stateDir, data.name)
  removeEntry(folder)
  rmSync(data.envFile, { force: true })
  clearLeftovers(folder)
}

/** Containers beside the stack that a test has started would keep its volumes from being made anew. */
async function freeVolumes(docker: Docker, stack: string, timeoutMs: number): Promise<void> {
  await throughOutage(performance.now() + timeoutMs, async () => {
    for (const { name } of (await residueOf(docker, stack)).volumes) {
      const users = await docker.listContainers({ all: true, filters: { volume: [name] } })
      await Promise.all(users.map(({ Id }) => docker.getContainer(Id).remove({ force: true })))
    }
  })
}

/** They are made of the recipe's files with each deployment. */
export async function removeConfigs(docker: Docker, stack: string): Promise<void> {
  for (const { id } of (await residueOf(docker, stack)).configs) await docker.getConfig(id).remove()
}

/** Whether an undeployed canonical has all that its known-good says, by name, and nothing beside. */
export async function isAsLeft(
  { stack }: CanonicalData,
  docker: Docker,
  good: KnownGood | undefined,
): Promise<boolean> {
  const { volumes, secrets, ...rest } = await residueOf(docker, stack)
  if (Object.values(rest).some((things) => things.length > 0)) return false
  if (!good) return volumes.length === 0 && secrets.length === 0
  const names = (of: readonly { name: string }[]) =>
    of
      .map(({ name }) => name)
      .sort()
      .join('\n')
  return names(volumes) === names(good.manifest.volumes) && (await hasSecrets(docker, stack, good.secrets))
}

/**
 * Ends one use of a canonical, from any process. That it is in a ledger says that what stands there is cc-ci's own. Who has the lease after a dead user puts the canonical back before it
 * marks it as its own, so where the mark is not this use's any more, that was done.
 *
 * @throws {CanonicalDamagedError} the first time that it is found to be so; {LeaseHeldError}.
 */
export async function endUse(data: CanonicalData, options: PutBackOptions): Promise<void> {
  const { leases, stack, token, stateDir, name, runId } = data
  const folder = warmFolder(stateDir, name)
  const isOurs = () => readUse(folder)?.token === token
  const mine = holdsLease(leases, stack)
  const holder = { runId, pid: process.pid, since: new Date().toISOString() }
  using _ = mine
    ? undefined
    : isOurs()
      ? await takeLease({ folder: leases, name: stack, runId, timeoutMs: options.timeoutMs, ...waiting(options) })
      : tryLease(leases, stack, holder)
  // Whoever has it meanwhile has put it back.
  if (!mine && !_) return
  const user = readUse(folder)
  if (!isOurs() && user) return
  if (!user && (await isAsLeft(data, dockerClient(data.dockerHost), knownGoodIfWhole(data)))) return
  try {
    await putBack(data, options)
  } catch (error) {
    // That it is damaged is told once, and stands in the registry.
    if (user?.step === 'damaged' && error instanceof CanonicalDamagedError) return
    throw error
  }
}

const waiting = ({ onStep }: PutBackOptions) => (onStep ? { onWait: onStep } : {})

function knownGoodIfWhole({ stateDir, name }: CanonicalData): KnownGood | undefined {
  try {
    return readKnownGood(stateDir, name)
  } catch {
    return undefined
  }
}
