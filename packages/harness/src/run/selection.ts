import { closest } from 'fastest-levenshtein'
import { UsageError } from '../errors.ts'
import { STAGES, type Stage } from './stages.ts'

/** A stage was asked for that there is not, or none at all. */
export class StageSelectionError extends UsageError {}

const isStage = (name: string): name is Stage => (STAGES as readonly string[]).includes(name)

/**
 * Reads a list such as `install,custom` into stages, in their order and each once.
 *
 * @throws {StageSelectionError} for a name that is no stage (with the nearest), or an empty list.
 */
export function parseStages(text: string): Stage[] {
  const names = text.split(/[\s,]+/).filter(Boolean)
  if (names.length === 0) {
    throw new StageSelectionError({ happened: 'No stage was named.', todo: `The stages are: ${STAGES.join(', ')}.` })
  }
  for (const name of names) {
    if (!isStage(name)) {
      throw new StageSelectionError({
        happened: `There is no stage "${name}".`,
        todo: `The nearest is "${closest(name, STAGES)}". The stages are: ${STAGES.join(', ')}.`,
      })
    }
  }
  return STAGES.filter((stage) => names.includes(stage))
}

/**
 * The tag expression (Vitest's `--tags-filter`) that keeps exactly the tests for which `stageOf` says one of `stages`:
 * the first stage tag counts, and a test without one is a custom test.
 */
export function tagsExpression(stages: readonly Stage[]): string {
  const tagged = STAGES.filter((stage) => stage !== 'custom')
  return stages
    .map((stage) => {
      const before = stage === 'custom' ? tagged : tagged.slice(0, tagged.indexOf(stage))
      const own = stage === 'custom' ? [] : [stage]
      return [...own, ...before.map((earlier) => `!${earlier}`)].join(' && ')
    })
    .map((part) => `(${part})`)
    .join(' || ')
}
