import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { openHelper } from '../docker/helper.ts'
import { CcciError, messageOf } from '../errors.ts'
import { bounded, type Limits } from './bounded.ts'
import { RestoreFailedError } from './errors.ts'
import { intact } from './intact.ts'
import type { SnapshotManifest, SnapshotVolume } from './manifest.ts'
import { countFiles, probeTools, rootOf, unpack } from './pack.ts'
import { snapshotLease } from './place.ts'
import { helperLabels, idleVolumes, removeOrphans, type SnapshotTarget } from './volumes.ts'

/** The moments between which the volumes change. */
export const RESTORE_STEPS = ['checked', 'made anew', 'unpacking', 'unpacked'] as const

export type RestoreStep = (typeof RESTORE_STEPS)[number]

export interface RestoreOptions extends Limits {
  /** Told of each step as it is done. */
  onStep?: (step: RestoreStep) => void
}

/**
 * Puts all volumes of an undeployed app back as they were in its snapshot: each is made anew and filled, and one that the
 * snapshot does not know is removed. Nothing is touched before every checksum was found right and every volume idle. A
 * restore that ends in the middle is begun anew by the next.
 *
 * @throws {NoSnapshotError | SnapshotDamagedError | AppStillDeployedError | VolumeInUseError | SnapshotBusyError |
 *   SnapshotToolsMissingError} before anything is touched.
 * @throws {RestoreFailedError} or the signal's reason; the volumes hold a part of it then.
 */
export async function restoreSnapshot(target: SnapshotTarget, options: RestoreOptions): Promise<SnapshotManifest> {
  const { docker, stack, recipe, stateDir } = target
  return await bounded(options, async (signal) => {
    using _lease = snapshotLease(stateDir, recipe)
    const { folder, manifest } = await intact(target, signal)
    await probeAlone(target, signal)
    await removeOrphans(docker, stack)
    const present = await idleVolumes(docker, stack)
    options.onStep?.('checked')
    try {
      for (const { name } of present) {
        signal.throwIfAborted()
        await docker.getVolume(name).remove()
      }
      for (const volume of manifest.volumes) await makeVolume(target, volume)
      options.onStep?.('made anew')
      await fill(target, folder, manifest.volumes, { ...options, signal })
      return manifest
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof CcciError) throw error
      throw failed(stack, messageOf(error), error)
    }
  })
}

/** What cannot unpack must be known before a volume is emptied. */
async function probeAlone({ docker, helperImage, stack }: SnapshotTarget, signal: AbortSignal): Promise<void> {
  const helper = await openHelper(docker, { image: helperImage, labels: helperLabels(stack), volumes: [], signal })
  try {
    await probeTools(helper, helperImage, signal)
  } finally {
    await helper.close()
  }
}

/** Anew rather than emptied: so even its root has nothing of before. The engine itself refuses while somebody uses it. */
async function makeVolume({ docker }: SnapshotTarget, volume: SnapshotVolume): Promise<void> {
  await docker.createVolume({
    Name: volume.name,
    Driver: volume.driver,
    DriverOpts: volume.options,
    Labels: volume.labels,
  })
}

async function fill(
  { docker, helperImage, stack }: SnapshotTarget,
  folder: string,
  volumes: SnapshotVolume[],
  { signal, timeoutMs, onStep }: RestoreOptions & { signal: AbortSignal },
): Promise<void> {
  const helper = await openHelper(docker, {
    image: helperImage,
    labels: helperLabels(stack),
    volumes: volumes.map(({ name }) => ({ name, target: rootOf(name), readOnly: false })),
    signal,
  })
  try {
    for (const { name, archive, files } of volumes) {
      const input = createReadStream(join(folder, archive), { highWaterMark: 2 ** 18 })
      input.once('end', () => onStep?.('unpacking'))
      const failure = await unpack(docker, helper, name, { input, signal })
      if (failure) throw failed(name, failure)
      const found = await countFiles(helper, name, { timeoutMs, signal })
      if (!isDeepStrictEqual(found, files))
        throw failed(name, `it has ${JSON.stringify(found)}, not ${JSON.stringify(files)} (files by type)`)
    }
    onStep?.('unpacked')
  } finally {
    await helper.close()
  }
}

const failed = (what: string, lastSeen: string, cause?: unknown): RestoreFailedError =>
  new RestoreFailedError({
    happened: `The snapshot of ${what} could not be restored whole; the volumes hold a part of it.`,
    lastSeen,
    todo: 'Restore it again: the snapshot itself is intact. Is the disk of the engine full?',
    cause,
  })
