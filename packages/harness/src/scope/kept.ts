import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeAtomically } from '../files/write.ts'

/** A failed app that is left up for a while, so that somebody can look at it. */
export interface Kept {
  /** When it ends, as milliseconds since 1970. */
  until: number
}

const FILE = 'kept.json'

/** Notes that what a scope owns stays until a moment, although its owner goes. */
export function keep(folder: string, kept: Kept): void {
  writeAtomically(join(folder, FILE), `${JSON.stringify(kept)}\n`)
}

/** Until when a scope's things are kept; `undefined` when they are not (any more). A note that cannot be read is none. */
export function keptUntil(folder: string, now: number = Date.now()): number | undefined {
  const file = join(folder, FILE)
  if (!existsSync(file)) return undefined
  try {
    const { until } = JSON.parse(readFileSync(file, 'utf8')) as Partial<Kept>
    return typeof until === 'number' && until > now ? until : undefined
  } catch {
    return undefined
  }
}
