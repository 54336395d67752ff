import { closeSync, openSync, readSync } from 'node:fs'

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
