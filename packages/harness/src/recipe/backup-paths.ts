import { posix } from 'node:path'

/** A path inside a folder, relative to it; '' for the folder itself. */
export const relativeTo = (folder: string, path: string): string => posix.relative(folder, path)

/** Whether a path is a folder or something inside it. */
export function isInside(path: string, folder: string): boolean {
  const relative = relativeTo(folder, path)
  return relative === '' || (relative !== '..' && !relative.startsWith('../'))
}
