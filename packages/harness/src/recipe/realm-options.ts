import { DECLARED, type OptionContext } from './option-context.ts'
import { type EnvOption, envOf, type RecipeOptions } from './options.ts'
import { RecipeOptionsError } from './options-error.ts'

/** The keys of options whose functions ask for the run's realm. */
function askingKeys(options: RecipeOptions, domain: string): string[] {
  const asked: string[] = []
  const look = (key: string, option: EnvOption | undefined) => {
    const context: OptionContext = {
      get realm() {
        asked.push(key)
        return DECLARED.realm
      },
    }
    envOf(option, domain, context)
  }
  const { env, upgradeEnv, secrets, upgradeBases = [] } = options
  for (const [key, option] of Object.entries({ env, upgradeEnv, secrets })) look(key, option)
  for (const base of upgradeBases) if (typeof base !== 'string') look('upgradeBases', base.env)
  return [...new Set(asked)]
}

/** Whether the app is told of the run's realm when it is deployed. @throws {RecipeOptionsError} when a function throws. */
export const asksForRealm = (options: RecipeOptions, domain: string): boolean => askingKeys(options, domain).length > 0

/** @throws {RecipeOptionsError} when options ask for a realm, and none is declared as a dependency. */
export function checkRealmDeclared(options: RecipeOptions, domain: string): void {
  if (options.dependencies?.includes('keycloak')) return
  const keys = askingKeys(options, domain)
  if (keys.length === 0) return
  throw new RecipeOptionsError({
    happened: `${keys.join(', ')} of the recipe's options ${keys.length > 1 ? 'ask' : 'asks'} for a realm, and there is none.`,
    todo: "Declare what makes one: dependencies: ['keycloak'].",
  })
}
