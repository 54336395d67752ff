import type { Helper } from '../docker/helper.ts'

/** What stood in a volume at one moment. */
export interface LiveFile {
  /** One letter, as `find -printf %y` says it: f, d, l … */
  type: string
  size: number
  /** Differs as soon as the file was written, replaced or renamed. */
  stamp: string
}

const FIELDS = 6

/** All that stands at `paths` and below, by path; paths that are not there are left out. Symbolic links are not followed. */
export async function liveFiles(helper: Helper, paths: string[], signal?: AbortSignal): Promise<Map<string, LiveFile>> {
  const format = '%y\\0%s\\0%T@\\0%C@\\0%i\\0%p\\0'
  const { stdout } = await helper.exec(['find', ...paths, '-ignore_readdir_race', '-printf', format], { signal })
  const fields = stdout.split('\0')
  const files = new Map<string, LiveFile>()
  for (let at = 0; at + FIELDS < fields.length; at += FIELDS) {
    const [type = '', size = '', modified = '', changed = '', inode = '', path = ''] = fields.slice(at, at + FIELDS)
    files.set(path, { type, size: Number(size), stamp: [type, size, modified, changed, inode].join(' ') })
  }
  return files
}
