import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CcciError } from '../errors.ts'

/** Too little room on a disk that is going to be written to. */
export class DiskFullError extends CcciError {}

const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GB`

/**
 * Checks that the disk which holds a folder, or will hold it, has room. A folder that cannot be looked at (another
 * machine's, or not this user's) passes.
 *
 * @param needed free bytes wanted
 * @throws {DiskFullError} with the free and the wanted space.
 */
export async function checkDisk(folder: string, needed: number): Promise<void> {
  const free = await freeBytes(folder)
  if (free === undefined || free >= needed) return
  throw new DiskFullError({
    happened: `The disk of ${folder} is nearly full.`,
    lastSeen: `${gigabytes(free)} free, ${gigabytes(needed)} wanted`,
    todo: 'Free some space (docker image prune, docker builder prune), or lower CCCI_MIN_FREE_DISK.',
  })
}

async function freeBytes(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  } catch {
    const parent = dirname(folder)
    return parent === folder ? undefined : await freeBytes(parent)
  }
}
