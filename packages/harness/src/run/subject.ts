import type { Target } from '../engine/engine.ts'
import { type CheckedOut, cloneRecipe, type PublishedVersion, type RecipeCheckout } from '../recipe/checkout.ts'
import { type ComposeView, readCompose } from '../recipe/compose-view.ts'
import { versionLabel } from '../recipe/labels.ts'
import { readSample, sampleVariables } from '../recipe/sample.ts'
import { parseVersion } from '../recipe/version.ts'

export interface SubjectRequest {
  /** A recipe's name, or the path or URL of its repository. */
  recipe: string
  ref: string | undefined
  sources: string[]
  /** Where the clone goes; must be absent or empty. */
  into: string
  domain: string
  stack: string
  /** The variables of the options, on top of `.env.sample`; asked once the version under test is checked out in `tree`. */
  env(tree: string): Promise<Record<string, string>>
  signal: AbortSignal
  /** Told what a maintainer should know although it stops nothing. */
  warn(text: string): void
  /** Told of what is checked out before its compose files are read, which may be what fails. */
  fetched?: ((checkout: RecipeCheckout, at: CheckedOut, env: Record<string, string>) => Promise<void>) | undefined
}

/** What is under test. */
export interface Subject {
  checkout: RecipeCheckout
  target: Target
  /** The published version before the target, if there is one. */
  base: PublishedVersion | undefined
  /** The composed files of the target, as its `.env.sample` and the options have them. */
  compose: ComposeView
}

/**
 * Fetches a recipe into a folder of this run's own and finds the version under test and the one before it. A commit that
 * is no published version goes by its label.
 *
 * @throws {UnknownRecipeError | UnknownVersionError | RecipeFetchError | ComposeError}
 */
export async function findSubject(request: SubjectRequest): Promise<Subject> {
  const { recipe, sources, into, stack, signal, warn } = request
  const checkout = await cloneRecipe({ recipe, sources, into, signal })
  if (checkout.uncommitted.length > 0) warn(`not committed, so not tested: ${checkout.uncommitted.join(', ')}`)
  const checkedOut = await checkout.checkout(request.ref, signal)
  const env = await request.env(checkout.dir)
  await request.fetched?.(checkout, checkedOut, env)
  const variables = sampleVariables(await readSample(checkout.dir), { ...request, env })
  const compose = await readCompose({ dir: checkout.dir, env: variables, stack })
  const target = { ...checkedOut, version: checkedOut.tag?.text ?? versionLabel(compose, stack) ?? '' }
  const base = await checkout.previous(parseVersion(target.version), target.commit, signal)
  for (const version of [target.tag, base]) {
    if (!version || version.annotated) continue
    warn(`the tag ${version.tag} is not annotated: abra refuses to deploy it (lint R014)`)
  }
  return { checkout, target, base, compose }
}
