import { existsSync } from 'node:fs'
import { dirname, isAbsolute, resolve } from 'node:path'
import type { App } from '../app/app.ts'
import { messageOf } from '../errors.ts'
import type { Stage } from '../run/stages.ts'
import { DECLARED, type OptionContext } from './option-context.ts'
import { type OptionsErrorClass, RecipeOptionsError } from './options-error.ts'
import { refusal } from './options-refusal.ts'
import { recipeOptionsSchema, secretsSchema, variablesSchema } from './options-schema.ts'

/** Variables for an app's `.env`, or secrets; a function gets the app's domain, and the run's realm. */
export type EnvOption = Record<string, string> | ((domain: string, context: OptionContext) => Record<string, string>)

/** A file that the backup labels name, as it was saved. */
export interface BackupDump {
  /** The key of its volume. */
  volume: string
  /** Its path inside the volume. */
  path: string
  content: Buffer
}

/** A published version to upgrade from. */
export interface UpgradeBase {
  version: string
  /** Variables for its deployment, on top of the recipe's. */
  env?: EnvOption | undefined
}

/** What another app must provide for a recipe's custom tests. */
export type Dependency = 'keycloak'

/** What a recipe needs beyond the defaults: the contents of its `recipe.ts`. */
export interface RecipeOptions {
  /** Variables on top of `.env.sample`. */
  env?: EnvOption | undefined
  /** More variables, from the upgrade to the version under test on. */
  upgradeEnv?: EnvOption | undefined
  /** `full` deploys up to three times, `single` once (for apps that are heavy to bring up). Default: full. */
  plan?: 'full' | 'single' | undefined
  /** Seconds; each replaces the host's setting. */
  timeouts?:
    | {
        deploy?: number | undefined
        http?: number | undefined
        use?: number | undefined
        settle?: number | undefined
        recipeLocal?: number | undefined
      }
    | undefined
  /** When the app counts as ready. Default: `/` answers 200, 301 or 302. */
  health?: { path?: string | undefined; statuses?: number[] | undefined } | undefined
  /** Asked once the app answers and its services are up, until it does not throw: the app is ready then. */
  ready?: ((app: App) => void | Promise<void>) | undefined
  /** Apps that the custom tests need beside their own. */
  dependencies?: Dependency[] | undefined
  backup?:
    | {
        /** Looks at each saved file that the labels name, and throws when it is no good. */
        verify?: ((dump: BackupDump) => void | Promise<void>) | undefined
        /** Whether cc-ci may put files of its own into the volumes to see them come back. Default: true. */
        witness?: boolean | undefined
      }
    | undefined
  /** Published versions to upgrade from. Default: the one before the version under test. */
  upgradeBases?: (string | UpgradeBase)[] | undefined
  /** Stages that make no sense for this recipe, each with the reason. */
  notApplicable?: Partial<Record<Stage, string | undefined>> | undefined
  /** Enrols the recipe for a canonical, to which green runs are promoted. */
  canonical?: boolean | undefined
  /** A compose file to lay over the recipe's own, relative to `recipe.ts`. */
  overlay?: string | undefined
  /** Values of secrets by their compose key, for those that cannot be generated. */
  secrets?: EnvOption | undefined
  /** How much of a host's capacity a run of this recipe takes. Default: 1. */
  weight?: number | undefined
}

/** Gives a recipe's options their type in `recipe.ts`. They are checked when they are loaded. */
export function defineRecipe(options: RecipeOptions): RecipeOptions {
  return options
}

/** How the file that options come from differs from a suite's `recipe.ts`. */
export interface OptionsFile {
  /** Where relative paths in it start. Default: the folder of the file. */
  folder?: string
  /** By which class its mistakes are told. Default: {@link RecipeOptionsError}. */
  refused?: OptionsErrorClass
}

/**
 * Checks a recipe's options. What an `env` function returns is checked when it is called; `overlay` comes back absolute.
 *
 * @param where the file they come from, for messages and for the overlay's path.
 * @throws {RecipeOptionsError} with path, value and what it takes, or the nearest known key.
 */
export function parseRecipeOptions(value: unknown, where: string, file: OptionsFile = {}): RecipeOptions {
  const { refused = RecipeOptionsError, folder = isAbsolute(where) ? dirname(where) : '.' } = file
  const parsed = recipeOptionsSchema.safeParse(value)
  if (!parsed.success) throw refusal(parsed.error.issues, value, where, refused)
  const { env, upgradeEnv, upgradeBases, overlay, secrets, ...rest } = parsed.data
  const checked = (option: EnvOption, key: string, schema = variablesSchema) =>
    checkedEnv(option, { where: `${where}: ${key}`, Refused: refused, schema })
  return {
    ...rest,
    ...(env === undefined ? {} : { env: checked(env, 'env') }),
    ...(upgradeEnv === undefined ? {} : { upgradeEnv: checked(upgradeEnv, 'upgradeEnv') }),
    ...(upgradeBases === undefined
      ? {}
      : {
          upgradeBases: upgradeBases.map((base, index) =>
            typeof base === 'string' || base.env === undefined
              ? base
              : { ...base, env: checked(base.env, `upgradeBases.${index}.env`) },
          ),
        }),
    ...(secrets === undefined ? {} : { secrets: checked(secrets, 'secrets', secretsSchema) }),
    ...(overlay === undefined ? {} : { overlay: overlayFile(resolve(folder, overlay), where, refused) }),
  }
}

/**
 * The variables (or secrets) of an option for an app's domain.
 *
 * @param context what the run has; by default what stands in for it as long as it has not.
 * @throws {RecipeOptionsError} when its function gives none.
 */
export const envOf = (
  option: EnvOption | undefined,
  domain: string,
  context: OptionContext = DECLARED,
): Record<string, string> => (typeof option === 'function' ? option(domain, context) : { ...option })

interface EnvCheck {
  where: string
  Refused: OptionsErrorClass
  schema: typeof variablesSchema
}

function checkedEnv(option: EnvOption, { where, Refused, schema }: EnvCheck): EnvOption {
  if (typeof option !== 'function') return option
  return (domain, context) => {
    const call = `${where}("${domain}")`
    let result: unknown
    try {
      result = option(domain, context)
    } catch (error) {
      throw new Refused({ happened: `${call} threw.`, lastSeen: messageOf(error), cause: error })
    }
    const parsed = schema.safeParse(result)
    if (parsed.success) return parsed.data
    throw refusal(parsed.error.issues, result, call, Refused)
  }
}

function overlayFile(file: string, where: string, Refused: OptionsErrorClass): string {
  if (existsSync(file)) return file
  throw new Refused({ happened: `${where}: overlay names ${file}, which does not exist.` })
}
