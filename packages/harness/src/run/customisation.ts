import { basename } from 'node:path'
import { envOf, type RecipeOptions, type UpgradeBase } from '../recipe/options.ts'
import { learnVariables } from '../redact/secrets.ts'

/**
 * Options as the record shows them: variables as they are for this app's domain, functions as `(function)`, secrets
 * masked.
 *
 * @throws {RecipeOptionsError} when a function of variables gives none.
 */
export function customisationOf(options: RecipeOptions, domain: string): Record<string, unknown> {
  const { env, upgradeEnv, upgradeBases, overlay, secrets, ...rest } = options
  const variables = (option: UpgradeBase['env']) => {
    const values = envOf(option, domain)
    learnVariables(values)
    return values
  }
  const shown = {
    ...rest,
    ...(env ? { env: variables(env) } : {}),
    ...(upgradeEnv ? { upgradeEnv: variables(upgradeEnv) } : {}),
    ...(upgradeBases
      ? {
          upgradeBases: upgradeBases.map((base) =>
            typeof base === 'string' || !base.env ? base : { ...base, env: variables(base.env) },
          ),
        }
      : {}),
    ...(overlay ? { overlay: basename(overlay) } : {}),
    ...(secrets ? { secrets: Object.fromEntries(Object.keys(envOf(secrets, domain)).map((key) => [key, '***'])) } : {}),
  }
  const plain = (_key: string, value: unknown) => (typeof value === 'function' ? '(function)' : value)
  return JSON.parse(JSON.stringify(shown, plain)) as Record<string, unknown>
}

/** A value longer than this stands whole in the record. */
const LONGEST = 100

/** The options in force on one line, by the file they come from; nothing when there are none. */
export function customisationLine(
  customisation: Record<string, unknown>,
  from: Record<string, string> = {},
): string | undefined {
  const files = new Map<string, string[]>()
  for (const [key, value] of Object.entries(customisation)) {
    const file = from[key] ?? 'recipe.ts'
    files.set(file, [...(files.get(file) ?? []), `${key} ${shortened(value)}`])
  }
  if (files.size === 0) return undefined
  return `options: ${[...files].map(([file, options]) => `${options.join(', ')} (${file})`).join('; ')}`
}

function shortened(value: unknown): string {
  const text = value === '(function)' ? value : JSON.stringify(value)
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text
}
