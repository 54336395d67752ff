import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { z } from 'zod'

/** What a file says, if it is there and of this shape. */
export async function readJson<Schema extends z.ZodType>(
  file: string,
  schema: Schema,
): Promise<z.output<Schema> | undefined> {
  try {
    return schema.safeParse(JSON.parse(await readFile(file, 'utf8'))).data
  } catch {
    return undefined
  }
}

/** The names in a folder, by kind; none when it is not there. */
export async function namesIn(folder: string, kind: 'file' | 'folder'): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => !entry.name.startsWith('.') && (kind === 'file' ? entry.isFile() : entry.isDirectory()))
    .map(({ name }) => name)
    .sort()
}

/** What all JSON files of a folder say that are of this shape. */
export async function readAll<Schema extends z.ZodType>(
  folder: string,
  schema: Schema,
  limit: number,
): Promise<z.output<Schema>[]> {
  const names = (await namesIn(folder, 'file')).filter((name) => name.endsWith('.json'))
  // Their names begin with the time: the newest are at the end.
  const read = await Promise.all(names.slice(-limit).map((name) => readJson(join(folder, name), schema)))
  return read.flatMap((content) => content ?? [])
}
