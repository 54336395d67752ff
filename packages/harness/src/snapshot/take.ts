import { CcciError, messageOf } from '../errors.ts'
import { type Beside, writeBeside } from './beside.ts'
import { bounded, type Limits } from './bounded.ts'
import { NoVolumesError, SnapshotFailedError } from './errors.ts'
import { type SnapshotManifest, writeManifest } from './manifest.ts'
import { packVolumes } from './pack-volumes.ts'
import { beginSnapshot, clearLeftovers, snapshotLease, swapIn, warmFolder } from './place.ts'
import { idleVolumes, removeOrphans, type SnapshotTarget, type VolumeDescription } from './volumes.ts'

/** The moments between which the state on the disk changes. */
export const SNAPSHOT_STEPS = [
  'begun',
  'reading',
  'packed',
  'described',
  'named',
  'linked',
  'in force',
  'old removed',
] as const

export type SnapshotStep = (typeof SNAPSHOT_STEPS)[number]

export interface TakeOptions extends Limits {
  /** The recipe's version that the app was deployed at, and its commit. */
  version: string
  commit: string
  /** Small files that belong to the volumes, such as the app's `.env`; they come into force with the snapshot. */
  beside?: Beside | undefined
  /** Told of each step as it is done. */
  onStep?: (step: SnapshotStep) => void
}

/**
 * Takes a snapshot of all volumes of an undeployed app, and puts it in the place of the one before. Until then that one
 * stays as it is, whatever happens; of two processes one is refused.
 *
 * @throws {AppStillDeployedError | VolumeInUseError | NoVolumesError | SnapshotBusyError | SnapshotToolsMissingError}
 *   before anything is written.
 * @throws {SnapshotFailedError} or the signal's reason; nothing of the new snapshot is left then.
 */
export async function takeSnapshot(target: SnapshotTarget, options: TakeOptions): Promise<SnapshotManifest> {
  const { docker, stack, recipe, stateDir } = target
  const folder = warmFolder(stateDir, recipe)
  return await bounded(options, async (signal) => {
    using _lease = snapshotLease(stateDir, recipe)
    await removeOrphans(docker, stack)
    const volumes = await idleVolumes(docker, stack)
    if (volumes.length === 0) throw new NoVolumesError(stack)
    try {
      return await take(target, folder, volumes, { ...options, signal })
    } catch (error) {
      tidy(folder)
      signal.throwIfAborted()
      if (error instanceof CcciError) throw error
      throw new SnapshotFailedError(stack, messageOf(error), error)
    }
  })
}

/** With a signal that knows the time, too. */
type Taking = TakeOptions & { signal: AbortSignal }

async function take(
  target: SnapshotTarget,
  folder: string,
  volumes: VolumeDescription[],
  options: Taking,
): Promise<SnapshotManifest> {
  const { stack, recipe } = target
  const onStep = options.onStep ?? (() => {})
  const begunAt = new Date().toISOString()
  clearLeftovers(folder)
  const building = beginSnapshot(folder)
  onStep('begun')
  const packed = await packVolumes(target, building, volumes, {
    ...options,
    onGrowth: () => onStep('reading'),
    onPacked: () => onStep('packed'),
  })
  const { version, commit } = options
  const takenAt = new Date().toISOString()
  const beside = options.beside && { beside: writeBeside(building, options.beside) }
  const manifest = { format: 1 as const, recipe, stack, version, commit, begunAt, takenAt, volumes: packed, ...beside }
  writeManifest(building, manifest)
  onStep('described')
  options.signal.throwIfAborted()
  swapIn(folder, onStep)
  tidy(folder)
  onStep('old removed')
  return manifest
}

/** What cannot be removed now is removed by the next snapshot. */
function tidy(folder: string): void {
  try {
    clearLeftovers(folder)
  } catch {}
}
