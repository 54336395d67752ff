import { readFileSync } from 'node:fs'
import { unzipSync, type Zippable, zipSync } from 'fflate'
import { CcciError, messageOf } from '../errors.ts'
import { writeAtomically } from '../files/write.ts'
import type { Redactor } from './redactor.ts'

/** An archive could not be looked into, so nobody knows whether it holds a secret. */
export class UnreadableArchiveError extends CcciError {
  constructor(files: string[], cause: unknown) {
    super({
      happened: `Cannot look for secrets in ${files.join(', ')}: not a zip archive that can be read.`,
      lastSeen: messageOf(cause),
      todo: 'Do not publish it; remove it from the folder of the run.',
      cause,
    })
  }
}

/** A file in an archive. */
export interface ZipEntry {
  name: string
  bytes: Buffer
  /** Not compressed: what is compressed in itself, such as a picture. */
  stored: boolean
}

/** Whether bytes begin as a zip archive does. */
export const isZip = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x50 && bytes[1] === 0x4b && ((bytes[2] === 3 && bytes[3] === 4) || (bytes[2] === 5 && bytes[3] === 6))

/** The files of an archive, all in memory. Throws what the library throws on an archive that it cannot read. */
export function zipEntries(archive: Uint8Array): ZipEntry[] {
  const stored = new Map<string, boolean>()
  const files = unzipSync(archive, {
    filter: ({ name, compression }) => {
      stored.set(name, compression === 0)
      return true
    },
  })
  return Object.entries(files).map(([name, bytes]) => ({
    name,
    bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    stored: stored.get(name) ?? false,
  }))
}

/** The archive without secrets, archives in it included; undefined when there are none in it. */
function redactedZip(archive: Buffer, redactor: Redactor): Uint8Array | undefined {
  const clean: Zippable = {}
  // What belongs to no entry, such as a comment, is seen only from outside; it is not written again.
  let changed = redactor.bytes(archive) !== archive
  for (const { name, bytes, stored } of zipEntries(archive)) {
    const inside = isZip(bytes) ? (redactedZip(bytes, redactor) ?? bytes) : redactor.bytes(bytes)
    let cleanName = redactor.text(name)
    changed ||= inside !== bytes || cleanName !== name
    while (Object.hasOwn(clean, cleanName)) cleanName += '*'
    clean[cleanName] = [inside, { level: stored ? 0 : 6 }]
  }
  return changed ? zipSync(clean) : undefined
}

/**
 * Takes the secrets out of a zip archive, such as Playwright's trace: out of the content and the names of its entries, and
 * of archives in it. The whole archive is in memory meanwhile. It is replaced at once, and stays as it is when there is
 * no secret in it.
 *
 * @returns whether it was replaced
 * @throws {UnreadableArchiveError} when it cannot be looked into
 */
export function redactZip(file: string, redactor: Redactor): boolean {
  let clean: Uint8Array | undefined
  try {
    clean = redactedZip(readFileSync(file), redactor)
  } catch (error) {
    throw new UnreadableArchiveError([file], error)
  }
  if (clean) writeAtomically(file, [clean])
  return clean !== undefined
}
