/** The stages of a run, in their order (requirements F7). A test says its stage with a tag of the same name. */
export const STAGES = ['install', 'upgrade', 'backup', 'custom'] as const

export type Stage = (typeof STAGES)[number]

/** What became of a stage (requirements F9). */
export type StageOutcome = 'pass' | 'fail' | 'blocked' | 'not applicable' | 'unverified' | 'not run'

/**
 * The stage that a test belongs to by its tags; a test without a stage tag is a custom one.
 */
export function stageOf(tags: readonly string[]): Stage {
  return STAGES.find((stage) => tags.includes(stage)) ?? 'custom'
}
