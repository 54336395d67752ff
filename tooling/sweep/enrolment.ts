import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  cloneRecipe,
  messageOf,
  type PublishedVersion,
  type RecipeOptions,
  resolveOptions,
  type Settings,
  shippedLimits,
  UsageError,
} from '@cc-ci/harness'
import { closest } from 'fastest-levenshtein'
import { optionPackages } from '../cli/suite-options.ts'
import type { SweptRecipe } from './record.ts'
import { type Suite, suitesOf } from './suites.ts'

/** A recipe that a sweep tests. */
export interface EnrolledRecipe {
  recipe: string
  enrolledBy: SweptRecipe['enrolledBy']
  /** What its suite says, and that it is enrolled. */
  options: RecipeOptions
  /** The latest published version. */
  latest?: Pick<PublishedVersion, 'text' | 'tag' | 'commit'>
  /** Why it cannot be tested. */
  problem?: string
}

/** Which recipes are enrolled. */
export interface Enrolment {
  enrolled: EnrolledRecipe[]
  /** Those that have a canonical and are not enrolled. */
  deEnrolled: string[]
  /** Those of which nobody can tell, with the reason: nothing of theirs is touched. */
  unknown: { recipe: string; why: string }[]
}

/** A sweep was limited to a recipe that is not enrolled. Nothing was touched. */
class NotEnrolledError extends UsageError {}

export interface EnrolmentRequest {
  /** The folder that holds the recipes' suites. */
  root: string
  settings: Settings
  /** The recipes that have a canonical. */
  canonicals: readonly string[]
  /** Only these; all when empty. */
  only: readonly string[]
  signal?: AbortSignal | undefined
}

/**
 * Finds out which recipes are enrolled: `canonical` in the suite's `recipe.ts` says so, or in the options that the recipe
 * ships where the suite does not, or the setting `sweepRecipes`. Looked at are recipes with a suite, those of the setting,
 * and those that have a canonical. Each is fetched into a temporary folder for its latest version.
 *
 * @throws {NotEnrolledError} for one that was asked for.
 */
export async function findEnrolled(request: EnrolmentRequest): Promise<Enrolment> {
  const { root, settings, canonicals, only, signal } = request
  const suites = await suitesOf(root)
  const candidates = [...new Set([...suites.keys(), ...settings.sweepRecipes, ...canonicals])].sort()
  for (const name of only) if (!candidates.includes(name)) throw notEnrolled(name, candidates)
  const found: Enrolment = { enrolled: [], deEnrolled: [], unknown: [] }
  for (const recipe of candidates) {
    if (only.length > 0 && !only.includes(recipe)) continue
    signal?.throwIfAborted()
    const looked = await look(request, recipe, suites.get(recipe))
    if (looked.is === 'enrolled') found.enrolled.push(looked.recipe)
    else if (only.length > 0) throw notEnrolled(recipe, candidates, looked.why)
    else if (looked.is === 'unknown') found.unknown.push({ recipe, why: looked.why })
    else if (canonicals.includes(recipe)) found.deEnrolled.push(recipe)
  }
  return found
}

function notEnrolled(name: string, candidates: readonly string[], why?: string): NotEnrolledError {
  const near = candidates.length > 0 && !candidates.includes(name) ? closest(name, [...candidates]) : undefined
  return new NotEnrolledError({
    happened: `The recipe "${name}" is not enrolled, so no sweep tests it.`,
    lastSeen: why,
    todo: [
      ...(near ? [`The nearest is "${near}".`] : []),
      'Enrol it: canonical: true in its recipe.ts, or the setting sweepRecipes (CCCI_SWEEP_RECIPES).',
    ].join(' '),
  })
}

type Looked =
  | { is: 'enrolled'; recipe: EnrolledRecipe }
  | { is: 'not enrolled'; why: string }
  | { is: 'unknown'; why: string }

async function look(request: EnrolmentRequest, recipe: string, suite: Suite | undefined): Promise<Looked> {
  const { settings, canonicals } = request
  const listed = settings.sweepRecipes.includes(recipe)
  const says = suite?.options.canonical
  const options = { ...suite?.options, canonical: true }
  const enrolledBy = says ? 'suite' : listed ? 'setting' : 'recipe'
  if (suite?.error !== undefined) {
    if (!listed && !canonicals.includes(recipe)) return { is: 'unknown', why: suite.error }
    return { is: 'enrolled', recipe: { recipe, enrolledBy, options, problem: suite.error } }
  }
  if (says === false && !listed) return { is: 'not enrolled', why: 'its recipe.ts says canonical: false' }
  const sure = says === true || listed
  try {
    const { latest, ships } = await fetched(request, recipe, sure)
    if (!sure && !ships) return { is: 'not enrolled', why: 'nothing says so' }
    const problem = latest ? {} : { problem: 'it has no published version' }
    return { is: 'enrolled', recipe: { recipe, enrolledBy, options, ...(latest ? { latest } : {}), ...problem } }
  } catch (error) {
    request.signal?.throwIfAborted()
    const why = messageOf(error)
    return sure ? { is: 'enrolled', recipe: { recipe, enrolledBy, options, problem: why } } : { is: 'unknown', why }
  }
}

/** The latest version of a recipe, and whether it enrols itself; that is not asked where it is known. */
async function fetched(
  { root, settings, signal }: EnrolmentRequest,
  recipe: string,
  sure: boolean,
): Promise<{ latest: PublishedVersion | undefined; ships: boolean }> {
  const folder = mkdtempSync(join(tmpdir(), 'cc-ci-sweep-'))
  try {
    const into = join(folder, recipe)
    const checkout = await cloneRecipe({ recipe, sources: settings.recipeSources, into, ...(signal ? { signal } : {}) })
    const latest = checkout.published.at(-1)
    if (sure || !latest) return { latest, ships: false }
    await checkout.checkout(latest.tag, signal)
    const packages = optionPackages(root)
    const copy = join(folder, 'shipped')
    const { options } = await resolveOptions({ suite: {}, tree: into, copy, packages, limits: shippedLimits(settings) })
    return { latest, ships: options.canonical === true }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
