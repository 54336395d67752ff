import type { RecipeCheckout } from '../../recipe/checkout.ts'
import type { RecipeOptions } from '../../recipe/options.ts'
import type { RunRecord } from '../../run/record.ts'
import { NotPromotableError } from './errors.ts'

/**
 * Everything that speaks against a run as the next known-good, as far as its record says: only a green, cold, whole run
 * with a clean end may replace a canonical.
 */
export function objections(record: RunRecord): string[] {
  const { state, verdict, mode, limitedTo, teardown, kept } = record
  const against: [boolean, string][] = [
    [state !== 'finished', `it is ${state}`],
    [verdict !== 'green', `its verdict is ${verdict ?? 'not there yet'}`],
    [mode !== 'cold', `it was a ${mode} run, and only a cold one proves a fresh install`],
    [limitedTo !== undefined, `it was limited to ${limitedTo?.join(', ')}`],
    [teardown?.clean !== true || kept !== undefined, 'its teardown was not clean'],
  ]
  return against.flatMap(([is, text]) => (is ? [text] : []))
}

/**
 * Checks that a run may be promoted: by its record, and because it tested the latest published version of an enrolled recipe.
 *
 * @throws {NotPromotableError} naming all that speaks against it.
 */
export function mustBePromotable(
  record: RunRecord,
  { published }: Pick<RecipeCheckout, 'published'>,
  options: Pick<RecipeOptions, 'canonical'>,
): void {
  const latest = published.at(-1)
  const against = [
    ...objections(record),
    ...(options.canonical ? [] : ['the recipe is not enrolled (canonical: true in recipe.ts)']),
    ...(latest && record.commit === latest.commit
      ? []
      : [`it tested ${nameOf(record)}, and the latest published version is ${latest?.text ?? 'none at all'}`]),
  ]
  if (against.length > 0) throw notPromotable(record, against)
}

const nameOf = ({ version, commit }: RunRecord): string =>
  `${version || 'no version'}${commit ? ` at ${commit.slice(0, 8)}` : ''}`

/** The error that names all that speaks against a run. */
export const notPromotable = ({ id, recipe }: RunRecord, against: readonly string[]): NotPromotableError =>
  new NotPromotableError({
    happened: `The run ${id} cannot be promoted to the canonical of ${recipe}: ${against.join('; ')}.`,
    todo: `A whole, cold run of the latest version can, when it is green: cc-ci run ${recipe} --promote`,
  })
