import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** A short hash of text, for names: twelve hexadecimal digits. */
export function hashOf(...parts: string[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part)
  return hash.digest('hex').slice(0, 12)
}

/** A short hash of everything in a folder: names, contents and whether a file is executable. */
export function hashOfFolder(folder: string, wanted: (name: string) => boolean = () => true): string {
  const parts: string[] = []
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const file = join(folder, name)
    const stat = statSync(file)
    if (!stat.isFile() || !wanted(name)) continue
    parts.push(name, stat.mode & 0o100 ? 'x' : '-', readFileSync(file, 'base64'))
  }
  return hashOf(...parts)
}
