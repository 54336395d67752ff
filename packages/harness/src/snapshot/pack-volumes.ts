import { closeSync, openSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Helper } from '../docker/helper.ts'
import { ArchiveFile, followFile, type Written } from './archive-file.ts'
import { SnapshotFailedError } from './errors.ts'
import { archiveOf, type SnapshotVolume } from './manifest.ts'
import { countFiles, pack, rootOf } from './pack.ts'
import { openPacker, SHARED } from './shared.ts'
import { helperLabels, type SnapshotTarget, type VolumeDescription } from './volumes.ts'

interface Packing {
  timeoutMs: number
  signal: AbortSignal
  /** Told whenever there is more of an archive. */
  onGrowth: () => void
  /** Told of each archive that is on the disk. */
  onPacked: () => void
}

/**
 * Packs volumes that nobody uses into a folder, each into an archive of its own, and sees them to the disk.
 *
 * @throws {SnapshotFailedError | SnapshotToolsMissingError} or the signal's reason.
 */
export async function packVolumes(
  { docker, helperImage, stack }: SnapshotTarget,
  building: string,
  volumes: VolumeDescription[],
  options: Packing,
): Promise<SnapshotVolume[]> {
  const { helper, shared } = await openPacker(docker, building, {
    image: helperImage,
    labels: helperLabels(stack),
    volumes: volumes.map(({ name }) => ({ name, target: rootOf(name), readOnly: true })),
    signal: options.signal,
  })
  try {
    const packed: SnapshotVolume[] = []
    for (const volume of volumes) {
      const archive = archiveOf(volume.name)
      const write = shared ? packInPlace : packAcross
      const [files, written] = await Promise.all([
        countFiles(helper, volume.name, options),
        write(docker, helper, volume.name, join(building, archive), options),
      ])
      options.onPacked()
      packed.push({ ...volume, archive, ...written, files })
    }
    return packed
  } finally {
    await helper.close()
  }
}

/** The container itself writes the archive into our folder: half the work, where the engine sees that folder. */
async function packInPlace(
  docker: SnapshotTarget['docker'],
  helper: Helper,
  volume: string,
  file: string,
  { signal, onGrowth }: Packing,
): Promise<Written> {
  closeSync(openSync(file, 'wx', 0o600))
  const packing = pack(docker, helper, volume, { signal, file: join(SHARED, basename(file)) })
  const written = await followFile(file, packing, onGrowth)
  const failure = await packing
  if (failure) throw new SnapshotFailedError(volume, failure)
  return written
}

/** The archive comes over the connection to the engine. */
async function packAcross(
  docker: SnapshotTarget['docker'],
  helper: Helper,
  volume: string,
  file: string,
  { signal, onGrowth }: Packing,
): Promise<Written> {
  await using archive = await ArchiveFile.create(file)
  const failure = await pack(docker, helper, volume, {
    signal,
    async output(piece) {
      await archive.add(piece)
      onGrowth()
    },
  })
  if (failure) throw new SnapshotFailedError(volume, failure)
  return await archive.finish()
}
