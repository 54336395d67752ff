import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { messageOf } from '../errors.ts'
import { writeAtomically } from '../files/write.ts'
import { SnapshotDamagedError } from './errors.ts'

/** Small files that belong to the volumes of a snapshot, such as the app's `.env`, by their names. */
export type Beside = Readonly<Record<string, string>>

/** One of them in the manifest. */
export const besideFile = z.strictObject({
  name: z.string().regex(/^[a-z][a-z.-]*$/),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})

type BesideFile = z.output<typeof besideFile>

const sumOf = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Writes them into the folder of a snapshot that is being made; they may be secret. */
export function writeBeside(folder: string, files: Beside): BesideFile[] {
  return Object.entries(files).map(([name, text]) => {
    writeAtomically(join(folder, name), text, 0o600)
    return { name, sha256: sumOf(text) }
  })
}

/**
 * Reads them from the folder of a snapshot.
 *
 * @throws {SnapshotDamagedError}
 */
export function readBeside(folder: string, files: readonly BesideFile[] = []): Beside {
  return Object.fromEntries(
    files.map(({ name, sha256 }) => {
      const text = read(folder, name)
      if (sumOf(text) === sha256) return [name, text]
      throw new SnapshotDamagedError(folder, [`${name}: its checksum is ${sumOf(text)}, not ${sha256}`])
    }),
  )
}

function read(folder: string, name: string): string {
  try {
    return readFileSync(join(folder, name), 'utf8')
  } catch (error) {
    throw new SnapshotDamagedError(folder, [`${name}: ${messageOf(error)}`], error)
  }
}
