import { closest } from 'fastest-levenshtein'
import { UsageError } from '../errors.ts'
import { RECIPE_LOCAL, RUN_STAGES, type RunStage, STAGES, type Stage } from './stages.ts'

/** A stage was asked for that there is not, or none at all. */
export class StageSelectionError extends UsageError {}

const isStage = (name: string): name is RunStage => (RUN_STAGES as readonly string[]).includes(name)

/**
 * Reads a list such as `install,custom` into stages, in their order and each once.
 *
 * @throws {StageSelectionError} for a name that is no stage (with the nearest), or an empty list.
 */
export function parseStages(text: string): RunStage[] {
  const names = text.split(/[\s,]+/).filter(Boolean)
  if (names.length === 0) {
    throw new StageSelectionError({
      happened: 'No stage was named.',
      todo: `The stages are: ${RUN_STAGES.join(', ')}.`,
    })
  }
  for (const name of names) {
    if (!isStage(name)) {
      throw new StageSelectionError({
        happened: `There is no stage "${name}".`,
        todo: `The nearest is "${closest(name, RUN_STAGES)}". The stages are: ${RUN_STAGES.join(', ')}.`,
      })
    }
  }
  return RUN_STAGES.filter((stage) => names.includes(stage))
}

/**
 * The tag expression (Vitest's `--tags-filter`) that keeps exactly the tests for which `stageOf` says one of `stages`:
 * the first stage tag counts, and a test without one is a custom test.
 *
 * @returns `undefined` where the suite's tests are not all there is (lint has none, and the recipe's own come after those of
 *   the suite): then all of them are let through, and skip themselves.
 */
export function tagsExpression(stages: readonly RunStage[]): string | undefined {
  const wanted = stages.filter((stage): stage is Stage => stage !== 'lint')
  if (wanted.length === 0 || wanted.includes(RECIPE_LOCAL)) return undefined
  const custom = STAGES.indexOf('custom')
  return wanted
    .map((stage) => {
      const without = STAGES.slice(0, STAGES.indexOf(stage)).map((earlier) => `!${earlier}`)
      if (stage !== 'custom') return [stage, ...without].join(' && ')
      return [...without, ...STAGES.slice(custom + 1).map((later) => `(custom || !${later})`)].join(' && ')
    })
    .map((part) => `(${part})`)
    .join(' || ')
}
