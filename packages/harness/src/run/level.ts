import type { RunStage, StageOutcome } from './stages.ts'

/** What a recipe climbs, from the lowest rung up (requirements F9). */
export const RUNGS = ['install', 'upgrade', 'backup', 'custom', 'lint'] as const satisfies RunStage[]

export type Rung = (typeof RUNGS)[number]

/**
 * The level, 0 to 5: the highest rung that passed with every rung below it passed or not applicable. A rung that is not
 * there was not run, and nothing above it counts.
 */
export function levelOf(outcomes: Partial<Record<Rung, StageOutcome>>): number {
  let level = 0
  for (const [index, rung] of RUNGS.entries()) {
    const outcome = outcomes[rung]
    if (outcome === 'pass') level = index + 1
    else if (outcome !== 'not applicable') break
  }
  return level
}
