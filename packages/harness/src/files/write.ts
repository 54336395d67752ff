import {
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'

/**
 * Writes `content` to `file` so that a reader, and a machine that stops in the middle, sees the old file or the new one and
 * nothing between: a temporary file beside it, fsync, rename. Makes the folders it needs.
 *
 * @param content text, or bytes a piece at a time.
 * @param mode of the file. Default: that of the file it replaces, or what the process makes files with.
 */
export function writeAtomically(file: string, content: string | Iterable<Uint8Array>, mode = modeOf(file)): void {
  const folder = dirname(file)
  mkdirSync(folder, { recursive: true })
  const temporary = join(folder, `.${basename(file)}.${process.pid}.tmp`)
  try {
    // Nobody else reads it before it has its mode.
    const handle = openSync(temporary, 'w', 0o600)
    try {
      if (typeof content === 'string') writeFileSync(handle, content)
      else for (const piece of content) writeWhole(handle, piece)
      fchmodSync(handle, mode)
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
    renameSync(temporary, file)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  syncFolder(folder)
}

const modeOf = (file: string): number => (existsSync(file) ? statSync(file).mode & 0o7777 : 0o666 & ~process.umask())

function writeWhole(handle: number, piece: Uint8Array): void {
  for (let written = 0; written < piece.length; ) written += writeSync(handle, piece, written)
}

/** Makes a rename in `folder` last a power cut. */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
