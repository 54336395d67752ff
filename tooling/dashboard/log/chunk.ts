import { type FileHandle, open } from 'node:fs/promises'
import { type Line, lineOf } from './ansi.ts'

/** As much as is read at once, in bytes. */
export const CHUNK = 64 * 1024

/** Some whole lines of a log. */
export interface Chunk {
  /** Where they begin and end in the file, in bytes. */
  start: number
  end: number
  lines: readonly Line[]
}

const NEWLINE = 0x0a

/** The end of the last whole character in some UTF-8: up to three bytes of one that is cut are left off. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte < 0x80) return bytes.length
    if (byte >= 0xc0) {
      const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
      return needed > back ? bytes.length - back : bytes.length
    }
  }
  return bytes.length
}

/** Where to cut: after the last whole line; a line that fills the chunk is cut, and so is one that will not be ended. */
function cutAt(bytes: Buffer, full: boolean, ended: boolean): number {
  const newline = bytes.lastIndexOf(NEWLINE)
  if (newline >= 0 && !(ended && !full)) return newline + 1
  if (ended && !full) return bytes.length
  return full ? wholeCharacters(bytes) : 0
}

function linesOf(bytes: Buffer): Line[] {
  const text = bytes.toString('utf8')
  return (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n').map((line) => lineOf(line.replace(/\r$/, '')))
}

/**
 * The whole lines that follow a place in a log, as many as fit into a chunk; nothing when there are none. With `ended`, a last
 * line without an end counts as whole.
 */
export async function readChunk(file: string, start: number, ended: boolean): Promise<Chunk | undefined> {
  const handle = await openLog(file)
  if (!handle) return undefined
  try {
    const buffer = Buffer.allocUnsafe(CHUNK)
    const { bytesRead } = await handle.read(buffer, 0, CHUNK, start)
    const bytes = buffer.subarray(0, bytesRead)
    const length = bytesRead === 0 ? 0 : cutAt(bytes, bytesRead === CHUNK, ended)
    if (length === 0) return undefined
    return { start, end: start + length, lines: linesOf(bytes.subarray(0, length)) }
  } finally {
    await handle.close()
  }
}

/** The last lines of a log, no more than `limit` and than fit into a chunk. `size` is that of the whole file. */
export async function readEnd(file: string, limit: number, ended: boolean): Promise<Chunk & { size: number }> {
  const handle = await openLog(file)
  if (!handle) return { start: 0, end: 0, lines: [], size: 0 }
  try {
    const { size } = await handle.stat()
    const from = Math.max(0, size - CHUNK)
    const buffer = Buffer.allocUnsafe(size - from)
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, from)
    const read = buffer.subarray(0, bytesRead)
    const newline = read.indexOf(NEWLINE)
    // What stands before the first newline is the end of a line that began further up.
    const skipped = from === 0 ? 0 : newline >= 0 && newline + 1 < read.length ? newline + 1 : 0
    const bytes = read.subarray(skipped)
    const length = ended ? bytes.length : bytes.lastIndexOf(NEWLINE) + 1
    const start = from + skipped
    const lines = length === 0 ? [] : linesOf(bytes.subarray(0, length))
    return { start, end: start + length, lines: lines.slice(-limit), size }
  } finally {
    await handle.close()
  }
}

async function openLog(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
