import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { messageOf } from '../errors.ts'
import { writeAtomically } from '../files/write.ts'
import { besideFile } from './beside.ts'
import { SnapshotDamagedError } from './errors.ts'

const MANIFEST = 'manifest.json'

/** What is in one volume, by find's letters for the types of files: `{ d: 12, f: 340, l: 2 }`. */
const entries = z.record(z.string().regex(/^[a-zA-Z?]$/), z.int().min(1))

const volume = z.strictObject({
  /** The volume's name in Docker. */
  name: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/),
  driver: z.string(),
  options: z.record(z.string(), z.string()),
  labels: z.record(z.string(), z.string()),
  /** The archive's name, beside the manifest. */
  archive: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/),
  /** Of the archive, in bytes. */
  size: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** How many files of which type are in the archive, the volume's root among them. */
  files: entries,
})

const manifest = z.strictObject({
  /** Of the format of snapshots. */
  format: z.literal(1),
  recipe: z.string().min(1),
  stack: z.string().min(1),
  /** The recipe's version that the app was deployed at. */
  version: z.string(),
  commit: z.string(),
  begunAt: z.iso.datetime(),
  takenAt: z.iso.datetime(),
  volumes: z.array(volume).min(1),
  /** Small files beside the archives. */
  beside: z.array(besideFile).optional(),
})

/** What a snapshot is of, and what its archives must be like. */
export type SnapshotManifest = z.output<typeof manifest>

/** One volume in a snapshot. */
export type SnapshotVolume = SnapshotManifest['volumes'][number]

/** The archive of a volume, by its name in the snapshot's folder. */
export const archiveOf = (volumeName: string): string => `${volumeName}.tar.zst`

/** Of the manifest itself, whose own damage must be seen, too. */
const checksum = (content: object): string => createHash('sha256').update(JSON.stringify(content)).digest('hex')

/** Writes the manifest, whole or not at all. */
export function writeManifest(folder: string, content: SnapshotManifest): void {
  const checked = manifest.parse(content)
  const text = JSON.stringify({ ...checked, checksum: checksum(checked) }, null, 2)
  writeAtomically(join(folder, MANIFEST), `${text}\n`, 0o600)
}

/**
 * Reads the manifest of a snapshot.
 *
 * @throws {SnapshotDamagedError}
 */
export function readManifest(folder: string): SnapshotManifest {
  const file = join(folder, MANIFEST)
  try {
    const { checksum: written, ...content } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
    if (written !== checksum(content)) throw new Error('its checksum is not that of its content')
    return manifest.parse(content)
  } catch (error) {
    throw new SnapshotDamagedError(folder, [`${MANIFEST}: ${messageOf(error).split('\n')[0]}`], error)
  }
}
