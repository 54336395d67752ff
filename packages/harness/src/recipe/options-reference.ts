import { z } from 'zod'
import { type OptionMeta, recipeOptionsSchema } from './options-schema.ts'

/** One option as the reference has it. */
export interface OptionRow extends OptionMeta {
  /** Its name, from the top: `timeouts.deploy`. */
  key: string
}

/** Every option there is, in the order of the schema, from which they are taken: a new key cannot be missing here. */
export function optionsReference(): OptionRow[] {
  return rowsOf(recipeOptionsSchema, '')
}

function rowsOf(schema: z.ZodObject, prefix: string): OptionRow[] {
  return Object.entries(schema.shape).flatMap(([name, field]): OptionRow[] => {
    const key = `${prefix}${name}`
    const { description, type, default: otherwise, example } = (field as z.ZodType).meta() ?? {}
    if (description !== undefined) return [{ key, description, type, default: otherwise, example } as OptionRow]
    const inner = field instanceof z.ZodOptional ? field.unwrap() : field
    if (inner instanceof z.ZodObject) return rowsOf(inner, `${key}.`)
    throw new TypeError(`The option ${key} has no description in its schema.`)
  })
}
