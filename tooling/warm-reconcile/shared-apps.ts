import { existsSync } from 'node:fs'
import { join } from 'node:path'
import {
  envOf,
  KEYCLOAK,
  loadOptions,
  type RecipeOptions,
  type Settings,
  type SharedAppSpec,
  UsageError,
} from '@cc-ci/harness'
import { closest } from 'fastest-levenshtein'

/** Somebody named an app that is none of the shared ones. */
class UnknownSharedAppError extends UsageError {}

/** There is no shared app at all. */
class NoSharedAppsError extends UsageError {}

/** The default of `recipe.ts` (docs/options.md). */
const HEALTH = { path: '/', statuses: [200, 301, 302] }

/**
 * The shared apps of the settings, or those of them that are named, with what their suites' `recipe.ts` says of them.
 *
 * @throws {UnknownSharedAppError | NoSharedAppsError | RecipeOptionsError}
 */
export async function sharedAppSpecs(
  root: string,
  settings: Settings,
  names: readonly string[],
): Promise<SharedAppSpec[]> {
  const { sharedApps, baseDomain } = settings
  const all = sharedApps.map(({ recipe }) => recipe)
  if (all.length === 0) {
    throw new NoSharedAppsError({
      happened: 'No shared app is set on this host.',
      todo: 'On a developer machine: npm run dev-host -- up --with keycloak. Elsewhere: the setting sharedApps, or CCCI_SHARED_APPS=keycloak.',
    })
  }
  for (const name of names) {
    if (all.includes(name)) continue
    throw new UnknownSharedAppError({
      happened: `There is no shared app "${name}" on this host.`,
      todo: `The nearest is "${closest(name, all)}". All: ${all.join(', ')}.`,
    })
  }
  const wanted = sharedApps.filter(({ recipe }) => names.length === 0 || names.includes(recipe))
  return await Promise.all(
    wanted.map(async ({ recipe, stateful, domain = `warm-${recipe}.${baseDomain}`, health: own }) => {
      const { health, env, timeouts } = await optionsOf(root, recipe)
      const known = own ?? (recipe === KEYCLOAK.recipe ? KEYCLOAK.health : HEALTH)
      return {
        recipe,
        domain,
        stateful,
        health: { path: health?.path ?? known.path, statuses: health?.statuses ?? known.statuses },
        timeouts,
        env: envOf(env, domain),
      }
    }),
  )
}

async function optionsOf(root: string, recipe: string): Promise<RecipeOptions> {
  const file = join(root, 'packages', 'recipes', recipe, 'recipe.ts')
  return existsSync(file) ? await loadOptions(file) : {}
}
