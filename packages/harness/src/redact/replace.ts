import { closeSync, fchmodSync, fsyncSync, openSync, readSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

const PIECE = 2 ** 20

/** The bytes of a file, a piece at a time; a piece is valid only until the next one is asked for. */
export function* piecesOf(file: string): Generator<Buffer> {
  const handle = openSync(file, 'r')
  try {
    const buffer = Buffer.allocUnsafe(PIECE)
    for (let length = readSync(handle, buffer); length > 0; length = readSync(handle, buffer)) {
      yield buffer.subarray(0, length)
    }
  } finally {
    closeSync(handle)
  }
}

/** Replaces what is in `file`, so that a reader sees all of the old or all of the new; its mode stays. */
export function replaceFile(file: string, pieces: Iterable<Uint8Array>): void {
  const temporary = join(dirname(file), `.${basename(file)}.${process.pid}.tmp`)
  try {
    const handle = openSync(temporary, 'w', 0o600)
    try {
      for (const piece of pieces) {
        for (let written = 0; written < piece.length; ) written += writeSync(handle, piece, written)
      }
      fchmodSync(handle, statSync(file).mode & 0o7777)
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
    renameSync(temporary, file)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}
