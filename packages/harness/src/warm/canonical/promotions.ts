import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One promotion, or the attempt at one. */
export interface Promotion {
  at: string
  recipe: string
  runId: string
  version: string
  outcome: 'promoted' | 'already there' | 'failed' | 'refused'
  /** Where it was upgraded from; absent: it was installed afresh. */
  from?: string
  /** Why not. */
  why?: string
  durationMs: number
}

const fileIn = (stateDir: string): string => join(stateDir, 'warm', 'promotions.jsonl')

/** Writes a promotion down, one JSON object a line. Never throws: that it is not told changes nothing of it. */
export function tellPromotion(stateDir: string, promotion: Promotion): void {
  try {
    mkdirSync(join(stateDir, 'warm'), { recursive: true })
    appendFileSync(fileIn(stateDir), `${JSON.stringify(promotion)}\n`)
  } catch {
    // A full disk: the caller is told anyway.
  }
}

/** All promotions of a state directory, the oldest first; lines that were cut short are left out. */
export function readPromotions(stateDir: string): Promotion[] {
  const file = fileIn(stateDir)
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as Promotion]
      } catch {
        return []
      }
    })
}
