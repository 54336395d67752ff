import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { writeAtomically } from '../files/write.ts'
import { piecesOf } from './pieces.ts'
import type { Redactor } from './redactor.ts'
import { isZip, redactZip, UnreadableArchiveError } from './zip.ts'

function* filtered(file: string, redactor: Redactor): Generator<Buffer> {
  const chunker = redactor.byteChunker()
  for (const piece of piecesOf(file)) yield chunker.push(piece)
  yield chunker.flush()
}

function holdsSecret(file: string, redactor: Redactor): boolean {
  const chunker = redactor.byteChunker()
  for (const piece of piecesOf(file)) {
    chunker.push(piece)
    if (chunker.found) return true
  }
  chunker.flush()
  return chunker.found
}

/** Whether a file begins as a zip archive does. */
export function isZipFile(file: string): boolean {
  for (const piece of piecesOf(file)) return isZip(piece)
  return false
}

/** The regular files below a folder, with their paths; links are not followed. */
export function* filesBelow(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* filesBelow(path)
    else if (entry.isFile()) yield path
  }
}

/**
 * Takes the secrets out of a file, text or not, or a zip archive. It is replaced at once, and stays as it is when there is
 * no secret in it; what is not a regular file stays as it is, too. Pictures and other compressed content are not seen
 * into.
 *
 * @returns whether it was replaced
 * @throws {UnreadableArchiveError} when it is an archive that cannot be looked into
 */
export function redactFile(file: string, redactor: Redactor): boolean {
  if (!lstatSync(file).isFile()) return false
  if (isZipFile(file)) return redactZip(file, redactor)
  if (!holdsSecret(file, redactor)) return false
  writeAtomically(file, filtered(file, redactor))
  return true
}

/**
 * Takes the secrets out of all files below a folder; their names stay as they are.
 *
 * @returns the paths of those that were replaced
 * @throws {UnreadableArchiveError} at the end, when there are archives that cannot be looked into; it names all of them
 */
export function redactTree(folder: string, redactor: Redactor): string[] {
  const replaced: string[] = []
  const unreadable: [string, unknown][] = []
  for (const file of [...filesBelow(folder)]) {
    try {
      if (redactFile(file, redactor)) replaced.push(file)
    } catch (error) {
      if (!(error instanceof UnreadableArchiveError)) throw error
      unreadable.push([file, error.cause])
    }
  }
  const [first] = unreadable
  if (first) {
    throw new UnreadableArchiveError(
      unreadable.map(([file]) => file),
      first[1],
    )
  }
  return replaced
}
