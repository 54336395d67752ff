import { existsSync } from 'node:fs'
import { dirname, isAbsolute, resolve } from 'node:path'
import { closest } from 'fastest-levenshtein'
import { z } from 'zod'
import { UsageError } from '../errors.ts'
import { STAGES, type Stage } from '../run/stages.ts'

/** Variables for an app's `.env`; a function gets the app's domain. */
export type EnvOption = Record<string, string> | ((domain: string) => Record<string, string>)

/** A file that the backup labels name, as it was saved. */
export interface BackupDump {
  /** The key of its volume. */
  volume: string
  /** Its path inside the volume. */
  path: string
  content: Buffer
}

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
    | { deploy?: number | undefined; http?: number | undefined; use?: number | undefined; settle?: number | undefined }
    | undefined
  /** When the app counts as ready. Default: `/` answers 200, 301 or 302. */
  health?: { path?: string | undefined; statuses?: number[] | undefined } | undefined
  backup?:
    | {
        /** Looks at each saved file that the labels name, and throws when it is no good. */
        verify?: ((dump: BackupDump) => void | Promise<void>) | undefined
        /** Whether cc-ci may put files of its own into the volumes to see them come back. Default: true. */
        witness?: boolean | undefined
      }
    | undefined
  /** Published versions to upgrade from. Default: the one before the version under test. */
  upgradeBases?: string[] | undefined
  /** Stages that make no sense for this recipe, each with the reason. */
  notApplicable?: Partial<Record<Stage, string | undefined>> | undefined
  /** A compose file to lay over the recipe's own, relative to `recipe.ts`. */
  overlay?: string | undefined
  /** Values of secrets by their compose key, for those that cannot be generated. */
  secrets?: Record<string, string> | undefined
  /** How much of a host's capacity a run of this recipe takes. Default: 1. */
  weight?: number | undefined
}

/** `recipe.ts` holds something that is no option or cannot be one's value. Nothing was touched. */
export class RecipeOptionsError extends UsageError {}

const variables = z.record(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a variable name'),
  z.string('text; put quotes round it'),
)
const envOption = z.union(
  [variables, z.custom<(domain: string) => Record<string, string>>((value) => typeof value === 'function')],
  'variables as { NAME: "value" }, or a function of the domain that returns them',
)
const seconds = z.int('whole seconds').min(1, '1 second or more').max(86_400, 'at most a day').optional()
const text = z.string('text').min(1, 'text that is not empty')
const reason = z.string('the reason, in words').min(3, 'the reason, in words').optional()

/** The shape of `recipe.ts`; unknown keys are refused. */
export const recipeOptionsSchema = z.strictObject({
  env: envOption.optional(),
  upgradeEnv: envOption.optional(),
  plan: z.enum(['full', 'single'], 'full or single').optional(),
  timeouts: z.strictObject({ deploy: seconds, http: seconds, use: seconds, settle: seconds }).optional(),
  health: z
    .strictObject({
      path: z.string().startsWith('/', 'a path that starts with "/"').optional(),
      statuses: z.array(z.int('HTTP statuses').min(100).max(599)).min(1, 'at least one HTTP status').optional(),
    })
    .optional(),
  backup: z
    .strictObject({
      verify: z
        .custom<(dump: BackupDump) => void | Promise<void>>((value) => typeof value === 'function', 'a function')
        .optional(),
      witness: z.boolean('true or false').optional(),
    })
    .optional(),
  upgradeBases: z.array(text, 'a list of versions').min(1, 'at least one version').optional(),
  notApplicable: z
    .strictObject(Object.fromEntries(STAGES.map((stage) => [stage, reason])) as Record<Stage, typeof reason>)
    .optional(),
  overlay: text.optional(),
  secrets: z.record(z.string(), z.string('text')).optional(),
  weight: z.int('a whole number').min(1, 'a whole number from 1 up').max(64, 'at most 64').optional(),
}) satisfies z.ZodType<RecipeOptions>

/** Gives a recipe's options their type in `recipe.ts`. They are checked when they are loaded. */
export function defineRecipe(options: RecipeOptions): RecipeOptions {
  return options
}

/**
 * Checks a recipe's options. What an `env` function returns is checked when it is called; `overlay` comes back absolute.
 *
 * @param where the file they come from, for messages and for the overlay's path.
 * @throws {RecipeOptionsError} with path, value and what it takes, or the nearest known key.
 */
export function parseRecipeOptions(value: unknown, where: string): RecipeOptions {
  const parsed = recipeOptionsSchema.safeParse(value)
  if (!parsed.success) throw refusal(parsed.error.issues, value, where)
  const { env, upgradeEnv, overlay, ...rest } = parsed.data
  return {
    ...rest,
    ...(env === undefined ? {} : { env: checkedEnv(env, 'env', where) }),
    ...(upgradeEnv === undefined ? {} : { upgradeEnv: checkedEnv(upgradeEnv, 'upgradeEnv', where) }),
    ...(overlay === undefined ? {} : { overlay: overlayFile(overlay, where) }),
  }
}

function checkedEnv(option: EnvOption, key: string, where: string): EnvOption {
  if (typeof option !== 'function') return option
  return (domain) => {
    const result = option(domain)
    const parsed = variables.safeParse(result)
    if (parsed.success) return parsed.data
    throw refusal(parsed.error.issues, result, `${where}: ${key}("${domain}")`)
  }
}

function overlayFile(overlay: string, where: string): string {
  const file = isAbsolute(where) ? resolve(dirname(where), overlay) : resolve(overlay)
  if (existsSync(file)) return file
  throw new RecipeOptionsError({ happened: `${where}: overlay names ${file}, which does not exist.` })
}

function refusal(issues: readonly z.core.$ZodIssue[], value: unknown, where: string): RecipeOptionsError {
  const [first, ...more] = issues.map((issue) => explained(issue, value))
  return new RecipeOptionsError({
    happened: `${where}: ${first?.happened}`,
    lastSeen: more.map(({ happened }) => happened).join('\n') || undefined,
    todo: first?.todo,
  })
}

function explained(issue: z.core.$ZodIssue, value: unknown): { happened: string; todo: string } {
  const path = issue.path.map(String)
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys
    const known = knownKeys(path)
    return {
      happened: `there is no option "${[...path, key].join('.')}".`,
      todo: `The nearest is "${closest(key, known)}". Known here: ${known.join(', ')}.`,
    }
  }
  const found = path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], value)
  const name = path.join('.') || 'what it exports'
  const isKey = issue.code === 'invalid_key'
  const message = isKey ? (issue.issues[0]?.message ?? issue.message) : issue.message
  return {
    happened: isKey ? `${name} cannot be a key.` : `${name} is ${display(found)}.`,
    todo: `It takes ${message}.`,
  }
}

const display = (value: unknown): string =>
  typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? String(value))

/** The keys that an object of the options may have. */
function knownKeys(path: string[]): string[] {
  let shape: Record<string, unknown> = recipeOptionsSchema.shape
  for (const key of path) {
    const field = shape[key]
    const inner = field instanceof z.ZodOptional ? field.unwrap() : field
    if (inner instanceof z.ZodObject) shape = inner.shape
  }
  return Object.keys(shape)
}
