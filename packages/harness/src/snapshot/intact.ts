import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../errors.ts'
import { measureFile } from './archive-file.ts'
import { type Beside, readBeside } from './beside.ts'
import { bounded, type Limits } from './bounded.ts'
import { NoSnapshotError, SnapshotDamagedError } from './errors.ts'
import { readManifest, type SnapshotManifest, type SnapshotVolume } from './manifest.ts'
import { currentSnapshot, snapshotLease, warmFolder } from './place.ts'
import type { SnapshotTarget } from './volumes.ts'

/**
 * What the snapshot of a recipe that is in force says of itself, or nothing when there is none. Only the manifest is read.
 *
 * @throws {SnapshotDamagedError} when it cannot be read.
 */
export function readSnapshot(stateDir: string, recipe: string): SnapshotManifest | undefined {
  return inForce(stateDir, recipe, readManifest)
}

/**
 * The same with the small files beside the archives.
 *
 * @throws {SnapshotDamagedError} when one of them cannot be read, or is not what was written there.
 */
export function readSnapshotFiles(
  stateDir: string,
  recipe: string,
): { manifest: SnapshotManifest; files: Beside } | undefined {
  return inForce(stateDir, recipe, (folder) => {
    const manifest = readManifest(folder)
    return { manifest, files: readBeside(folder, manifest.beside) }
  })
}

function inForce<Value>(stateDir: string, recipe: string, read: (folder: string) => Value): Value | undefined {
  const folder = warmFolder(stateDir, recipe)
  for (;;) {
    const current = currentSnapshot(folder)
    if (current === undefined) return undefined
    try {
      return read(current)
    } catch (error) {
      // It may just have given way to another.
      if (current === currentSnapshot(folder)) throw error
    }
  }
}

/**
 * Reads the whole snapshot and compares it with its checksums.
 *
 * @throws {NoSnapshotError | SnapshotDamagedError | SnapshotBusyError} or the signal's reason.
 */
export async function verifySnapshot(target: SnapshotTarget, options: Limits): Promise<SnapshotManifest> {
  return await bounded(options, async (signal) => {
    using _lease = snapshotLease(target.stateDir, target.recipe)
    return (await intact(target, signal)).manifest
  })
}

/**
 * The snapshot in force, all of which has been read and found right. The lease must be held.
 *
 * @throws {NoSnapshotError | SnapshotDamagedError} or the signal's reason.
 */
export async function intact(
  { stateDir, recipe, stack }: SnapshotTarget,
  signal: AbortSignal,
): Promise<{ folder: string; manifest: SnapshotManifest }> {
  const place = warmFolder(stateDir, recipe)
  const folder = currentSnapshot(place)
  if (folder === undefined) {
    throw new NoSnapshotError({
      happened: `There is no snapshot of ${recipe}.`,
      todo: 'Take one while the app is undeployed.',
      evidence: place,
    })
  }
  const manifest = readManifest(folder)
  if (manifest.stack !== stack || manifest.recipe !== recipe) {
    throw new NoSnapshotError({
      happened: `The snapshot is one of ${manifest.stack} (${manifest.recipe}), not of ${stack} (${recipe}).`,
      todo: 'Was the base domain changed? Set it back, or take a new snapshot.',
      evidence: folder,
    })
  }
  readBeside(folder, manifest.beside)
  const damage: string[] = []
  for (const volume of manifest.volumes) {
    const found = await damageOf(join(folder, volume.archive), volume, signal)
    if (found) damage.push(`${volume.archive}: ${found}`)
  }
  if (damage.length > 0) throw new SnapshotDamagedError(folder, damage)
  return { folder, manifest }
}

async function damageOf(
  file: string,
  { size, sha256 }: SnapshotVolume,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (!existsSync(file)) return 'it is not there'
  try {
    const found = await measureFile(file, signal)
    if (found.size !== size) return `it has ${found.size} bytes, not ${size}`
    return found.sha256 === sha256 ? undefined : `its checksum is ${found.sha256}, not ${sha256}`
  } catch (error) {
    signal.throwIfAborted()
    return `it cannot be read: ${messageOf(error)}`
  }
}
