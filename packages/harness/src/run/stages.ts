/** The stages of a run, in their order (requirements F7). A test says its stage with a tag of the same name. */
export const STAGES = ['install', 'upgrade', 'backup', 'custom', 'recipe-local'] as const

export type Stage = (typeof STAGES)[number]

/** The stage in which the tests run that a recipe's own repository ships (requirements F8). */
export const RECIPE_LOCAL = 'recipe-local' satisfies Stage

/** Everything a run is judged by, in the order in which it is shown: the stages of its tests, and lint, which needs none. */
export const RUN_STAGES = [...STAGES, 'lint'] as const

export type RunStage = (typeof RUN_STAGES)[number]

/** What became of a stage (requirements F9). */
export type StageOutcome = 'pass' | 'fail' | 'blocked' | 'not applicable' | 'unverified' | 'not run'

/**
 * The stage that a test belongs to by its tags; a test without a stage tag is a custom one.
 */
export function stageOf(tags: readonly string[]): Stage {
  return STAGES.find((stage) => tags.includes(stage)) ?? 'custom'
}
