import { closest } from 'fastest-levenshtein'
import { z } from 'zod'
import type { OptionsErrorClass, RecipeOptionsError } from './options-error.ts'
import { recipeOptionsSchema } from './options-schema.ts'

type Issue = z.core.$ZodIssue

/** What is wrong with options, in words: path, value and what it takes, or the nearest known key. */
export function refusal(
  issues: readonly Issue[],
  value: unknown,
  where: string,
  Refused: OptionsErrorClass,
): RecipeOptionsError {
  const [first, ...more] = issues.flatMap((issue) => branches(issue)).map((issue) => explained(issue, value))
  return new Refused({
    happened: `${where}: ${first?.happened}`,
    lastSeen: more.map(({ happened }) => happened).join('\n') || undefined,
    todo: first?.todo,
  })
}

/** Of a value that may be this or that, the mistakes of what it was meant to be, where that can be told. */
function branches(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union') return [issue]
  const isDeeper = (one: Issue) => one.path.length > 0 || one.code === 'unrecognized_keys'
  const [meant, ...others] = issue.errors.filter((branch) => branch.some(isDeeper))
  if (!meant || others.length > 0) return [issue]
  return meant.map((one) => ({ ...one, path: [...issue.path, ...one.path] })).flatMap(branches)
}

function explained(issue: Issue, value: unknown): { happened: string; todo: string } {
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

/** What a value has to be where it is an object or a list; of what may be this or that, the object. */
function opened(schema: unknown): unknown {
  if (schema instanceof z.ZodOptional) return opened(schema.unwrap())
  if (schema instanceof z.ZodUnion) return schema.options.map(opened).find((one) => one instanceof z.ZodObject)
  return schema
}

/** The keys that an object of the options may have. */
function knownKeys(path: string[]): string[] {
  let at: unknown = recipeOptionsSchema
  for (const key of path) {
    const outer = opened(at)
    at = outer instanceof z.ZodArray ? outer.element : outer instanceof z.ZodObject ? outer.shape[key] : undefined
  }
  const inner = opened(at)
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : []
}
