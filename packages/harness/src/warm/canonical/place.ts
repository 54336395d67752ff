import { stackName } from '../../app/names.ts'
import { envFileFor } from '../../engine/chosen.ts'
import { KEYCLOAK } from '../../keycloak/instance.ts'
import type { Settings } from '../../settings/schema.ts'
import { warmFolder } from '../../snapshot/place.ts'

/** Where a recipe's canonical is, in Docker and on disk. */
export interface CanonicalPlace {
  recipe: string
  /** What it is called in the folder `warm`, and behind `warm-` in its domain. */
  name: string
  domain: string
  stack: string
  /** `<state directory>/warm/<name>` */
  folder: string
  /** The app's `.env`, for the engine of the settings. */
  envFile: string
}

/** Recipes of which an app for everybody stands at `warm-<recipe>`, day and night: their canonical stands beside it. */
const SHARED: readonly string[] = [KEYCLOAK.recipe, 'traefik', 'proxy']

/**
 * Where the canonical of a recipe is, whether there is one or not.
 *
 * @throws {WarmNameError} for what is no recipe's name.
 */
export function canonicalPlace(recipe: string, settings: Settings): CanonicalPlace {
  const name = SHARED.includes(recipe) ? `${recipe}-canonical` : recipe
  const folder = warmFolder(settings.stateDir, name)
  const domain = `warm-${name}.${settings.baseDomain}`
  return { recipe, name, domain, stack: stackName(domain), folder, envFile: envFileFor(settings, folder, domain) }
}
