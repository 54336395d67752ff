import { appendFileSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The file of a state directory that says what was pruned, or what kept it from that: one JSON object a line. */
export const pruneLog = (stateDir: string): string => join(stateDir, 'prune.jsonl')

/** Writes a line, if the disk takes it: a full one is what pruning is for. */
export function logPruning(file: string | undefined, pruning: object): void {
  if (!file) return
  try {
    mkdirSync(dirname(file), { recursive: true })
    appendFileSync(file, `${JSON.stringify({ at: new Date().toISOString(), ...pruning })}\n`)
  } catch {}
}
