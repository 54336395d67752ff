import { createHash } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

/** Writes a file so that a reader sees the old content or the new one, never a part, also after a power cut. */
export function writeAtomically(file: string, content: string, mode = 0o644): void {
  mkdirSync(dirname(file), { recursive: true })
  const next = `${file}.${process.pid}.next`
  const descriptor = openSync(next, 'w', mode)
  try {
    writeSync(descriptor, content)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(next, file)
}

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
