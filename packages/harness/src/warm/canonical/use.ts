import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { syncFolder, writeAtomically } from '../../files/write.ts'

/**
 * Who uses a canonical. It is written before anything of the canonical is touched and removed when all is as it was, so a
 * canonical with this mark whose lease is free has lost its user.
 */
const use = z.object({
  /** Of this one use. */
  token: z.string(),
  runId: z.string(),
  pid: z.number().int(),
  since: z.iso.datetime(),
  /** What for. */
  purpose: z.enum(['test', 'quick', 'promotion', 'removal']),
  step: z.enum(['attached', 'being put back', 'damaged']),
  /** What is damaged. */
  why: z.string().optional(),
})

export type CanonicalUse = z.infer<typeof use>

const FILE = 'in-use.json'

/** The mark in a canonical's folder. One that cannot be read is one of somebody unknown. */
export function readUse(folder: string): CanonicalUse | undefined {
  const file = join(folder, FILE)
  if (!existsSync(file)) return undefined
  try {
    return use.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    if (!existsSync(file)) return undefined
    return { token: '', runId: 'unknown', pid: 0, since: new Date(0).toISOString(), purpose: 'test', step: 'attached' }
  }
}

/** Marks it; on return the mark is on the disk. */
export function writeUse(folder: string, one: CanonicalUse): void {
  writeAtomically(join(folder, FILE), `${JSON.stringify(one, null, 2)}\n`)
}

/** All is as it was. */
export function clearUse(folder: string): void {
  rmSync(join(folder, FILE), { force: true })
  if (existsSync(folder)) syncFolder(folder)
}
