import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Target } from '../engine/engine.ts'
import { abraShExports } from '../recipe/abra-sh.ts'
import { cloneRecipe, type PublishedVersion, type RecipeCheckout } from '../recipe/checkout.ts'
import { type ComposeView, readCompose } from '../recipe/compose-view.ts'
import { parseEnv } from '../recipe/env-file.ts'
import { versionLabel } from '../recipe/labels.ts'
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
  /** Variables of the options, on top of `.env.sample`. */
  env: Record<string, string>
  signal: AbortSignal
  /** Told what a maintainer should know although it stops nothing. */
  warn(text: string): void
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
  const compose = await sampleCompose(checkout.dir, request)
  const target = { ...checkedOut, version: checkedOut.tag?.text ?? versionLabel(compose, stack) ?? '' }
  const base = await checkout.previous(parseVersion(target.version), target.commit)
  for (const version of [target.tag, base]) {
    if (!version || version.annotated) continue
    warn(`the tag ${version.tag} is not annotated: abra refuses to deploy it (lint R014)`)
  }
  return { checkout, target, base, compose }
}

async function sampleCompose(dir: string, { domain, stack, env }: SubjectRequest): Promise<ComposeView> {
  const read = async (name: string) => (existsSync(join(dir, name)) ? await readFile(join(dir, name), 'utf8') : '')
  const variables = {
    ...parseEnv(await read('.env.sample')).values,
    ...env,
    ...abraShExports(await read('abra.sh')),
    DOMAIN: domain,
    STACK_NAME: stack,
  }
  return await readCompose({ dir, env: variables, stack })
}
