import { constants } from 'node:fs'
import { type FileHandle, open, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'

/**
 * Opens a regular file inside a folder for reading. Nothing when there is none by that name, or when it is outside: by `..`,
 * by an absolute name, or by a link anywhere on the way.
 */
export async function openInside(folder: string, name: string): Promise<FileHandle | undefined> {
  if (name === '' || name.includes('\0')) return undefined
  let handle: FileHandle | undefined
  try {
    const root = await realpath(folder)
    const file = await realpath(join(root, name))
    if (!file.startsWith(root + sep)) return undefined
    // A name that became a link since then is refused; a pipe would never open otherwise.
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    if ((await handle.stat()).isFile()) return handle
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (!['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'ENAMETOOLONG', 'ENXIO'].includes(code ?? '')) throw error
  }
  await handle?.close()
  return undefined
}
