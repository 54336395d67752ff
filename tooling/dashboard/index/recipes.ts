import type { RunIndex } from './run-index.ts'
import type { RunSummary } from './summary.ts'

/** A recipe as the overview shows it. */
export interface RecipeView {
  recipe: string
  /** The run that its status and level are those of; absent: none has said anything about the recipe yet. */
  standing?: RunSummary | undefined
  /** The newest runs, the newest first, those that go on among them. */
  last: readonly RunSummary[]
  /** How many runs there are. */
  count: number
  running: readonly RunSummary[]
}

/** Only what the recipe itself is answerable for says something about it. */
const tells = ({ status }: RunSummary): boolean => status === 'green' || status === 'red'

/** So far back the standing is looked for among runs of the kind that counts most. */
const LOOK_BACK = 200

/** What was found in a list that is still the same. */
const found = new WeakMap<readonly RunSummary[], { standing: RunSummary | undefined }>()

/**
 * The run that a recipe stands by: of the newest runs that ended green or by the recipe's own fault, the first that was cold,
 * whole and not of a pull request; without such a one the first that was cold and whole; then any that was cold; then any.
 */
export function standingOf(runs: readonly RunSummary[]): RunSummary | undefined {
  const before = found.get(runs)
  if (before) return before.standing
  const standing = lookForStanding(runs)
  found.set(runs, { standing })
  return standing
}

function lookForStanding(runs: readonly RunSummary[]): RunSummary | undefined {
  const telling = runs.filter(tells).slice(0, LOOK_BACK)
  const cold = telling.filter(({ mode }) => mode === 'cold')
  const whole = cold.filter(({ limitedTo }) => limitedTo === undefined)
  return whole.find(({ pr }) => pr === undefined) ?? whole[0] ?? cold[0] ?? telling[0]
}

/** The recipe of this name, or nothing when it never had a run. */
export function recipeView(index: RunIndex, recipe: string, strip = 20): RecipeView | undefined {
  const runs = index.byRecipe().get(recipe)
  if (!runs) return undefined
  return {
    recipe,
    standing: standingOf(runs),
    last: runs.slice(0, strip),
    count: runs.length,
    running: runs.slice(0, LOOK_BACK).filter(({ status }) => status === 'running'),
  }
}

/** All recipes that ever had a run here, by name. */
export const recipeViews = (index: RunIndex, strip?: number): RecipeView[] =>
  [...index.byRecipe().keys()]
    .sort((one, other) => one.localeCompare(other))
    .flatMap((recipe) => recipeView(index, recipe, strip) ?? [])

/** So many earlier runs make an estimate. */
const ESTIMATED_BY = 5

/**
 * How long a run will take, in milliseconds, by the median of the last green ones of the same recipe with the same mode, plan
 * and stages; where there are none, by those of any plan. Nothing when there is nothing to go by.
 */
export function estimateOf(run: RunSummary, runs: readonly RunSummary[]): number | undefined {
  const green = runs.filter(({ status, mode, id }) => status === 'green' && mode === run.mode && id !== run.id)
  const stages = String(run.limitedTo ?? '')
  const same = green.filter(({ limitedTo }) => String(limitedTo ?? '') === stages)
  const alike = same.filter(({ plan }) => run.plan === undefined || plan === run.plan)
  const times = (alike.length > 0 ? alike : same)
    .slice(0, ESTIMATED_BY)
    .flatMap(({ durationMs }) => durationMs ?? [])
    .sort((one, other) => one - other)
  return times[Math.floor(times.length / 2)]
}
