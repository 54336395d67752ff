import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { UsageError } from '../errors.ts'
import { filesBelow, isZipFile } from './files.ts'
import { piecesOf } from './pieces.ts'
import { Redactor } from './redactor.ts'
import { isZip, UnreadableArchiveError, zipEntries } from './zip.ts'

/** A value is too short to be looked for: it would be found everywhere, or nowhere. */
export class SecretTooShortError extends UsageError {
  constructor() {
    super({
      happened: 'A value of fewer than four characters cannot be looked for.',
      todo: 'Plant a longer one.',
    })
  }
}

/** Whether any form of the value stands in these pieces, taken together. */
function holds(pieces: Iterable<Buffer>, redactor: Redactor): boolean {
  const chunker = redactor.byteChunker()
  for (const piece of pieces) chunker.push(piece)
  chunker.flush()
  return chunker.found
}

function inArchive(archive: Buffer, path: string, redactor: Redactor): string[] {
  return zipEntries(archive).flatMap(({ name, bytes }) => {
    const inside = `${path}/${name}`
    if (holds([Buffer.from(name)], redactor)) return [inside]
    if (isZip(bytes)) return inArchive(bytes, inside, redactor)
    return holds([bytes], redactor) ? [inside] : []
  })
}

/**
 * The files below a folder, entries of zip archives included (`trace.zip/0-trace.trace`), in whose content or name any
 * form of `value` stands: for proving that a planted value reached none.
 *
 * @throws {SecretTooShortError} when the value is too short to be looked for
 * @throws {UnreadableArchiveError} when there is an archive that cannot be looked into
 */
export function findSecret(folder: string, value: string): string[] {
  const redactor = new Redactor()
  if (!redactor.learn(value)) throw new SecretTooShortError()
  return [...filesBelow(folder)].flatMap((file) => {
    const path = relative(folder, file)
    if (holds([Buffer.from(path)], redactor) || holds(piecesOf(file), redactor)) return [path]
    if (!isZipFile(file)) return []
    try {
      return inArchive(readFileSync(file), path, redactor)
    } catch (error) {
      throw new UnreadableArchiveError([file], error)
    }
  })
}
