import type { RecipeOptions } from './options.ts'
import {
  checkLimits,
  loadShippedOptions,
  SHIPPED_OPTIONS,
  type ShippedRequest,
  type TimeoutLimits,
} from './shipped-options.ts'

/** How the file of a suite is called beside {@link SHIPPED_OPTIONS}. */
export const SUITE_OPTIONS = 'recipe.ts'

export interface OptionsRequest extends ShippedRequest {
  /** What the suite's `recipe.ts` says, checked. */
  suite: RecipeOptions
  limits: TimeoutLimits
}

/** Which file an option in force comes from, by its key. */
export type OptionOrigins = Partial<Record<keyof RecipeOptions, typeof SUITE_OPTIONS | typeof SHIPPED_OPTIONS>>

export interface OptionsInForce {
  options: RecipeOptions
  origins: OptionOrigins
  /** The keys that the recipe ships and its suite overrules. */
  overruled: (keyof RecipeOptions)[]
}

/**
 * The options by which a recipe is tested: those of the suite in packages/recipes and those that the recipe ships in
 * `tests/cc-ci.recipe.ts` at the version under test. The suite is the word of who runs cc-ci, so it wins, each key as a
 * whole.
 *
 * @throws {ShippedOptionsError} for what the recipe's own file cannot say.
 */
export async function resolveOptions(request: OptionsRequest): Promise<OptionsInForce> {
  const { suite, limits } = request
  const shipped = (await loadShippedOptions(request)) ?? {}
  const suiteKeys = keysOf(suite)
  const overruled = keysOf(shipped).filter((key) => suiteKeys.includes(key))
  if (!suiteKeys.includes('timeouts')) checkLimits(shipped, limits)
  const said = Object.fromEntries(suiteKeys.map((key) => [key, suite[key]])) as RecipeOptions
  const origins: OptionOrigins = {}
  for (const key of keysOf(shipped)) origins[key] = SHIPPED_OPTIONS
  for (const key of suiteKeys) origins[key] = SUITE_OPTIONS
  return { options: { ...shipped, ...said }, origins, overruled }
}

const keysOf = (options: RecipeOptions): (keyof RecipeOptions)[] =>
  (Object.keys(options) as (keyof RecipeOptions)[]).filter((key) => options[key] !== undefined)
