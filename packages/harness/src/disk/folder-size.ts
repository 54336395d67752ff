import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** The sizes of all files below a folder, in bytes; what links lead to is not counted. 0 for a folder that is not there. */
export async function folderSize(folder: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])) {
    if (entry.isDirectory()) continue
    // Somebody may be looking through it, or writing in it.
    bytes += (await lstat(join(entry.parentPath, entry.name)).catch(() => ({ size: 0 }))).size
  }
  return bytes
}
