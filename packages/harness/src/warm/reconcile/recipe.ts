import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CcciError, messageOf } from '../../errors.ts'
import { cloneRecipe, openRecipe, type RecipeCheckout } from '../../recipe/checkout.ts'
import { configFile, openGit } from '../../recipe/git.ts'
import type { Settings } from '../../settings/schema.ts'

/** A shared app is to be reconciled without fetching its recipe, which was never fetched. */
export class NeverFetchedError extends CcciError {}

/** A recipe, and what stands in the way of knowing its newest version. */
export interface KeptRecipe {
  checkout: RecipeCheckout
  warning?: string
}

export interface KeepRequest {
  recipe: string
  settings: Pick<Settings, 'recipeSources'>
  /** The shared app's own folder: the clone is kept there, so that the last good version can be had without a network. */
  folder: string
  fetch: boolean
  /** The commit that is gone back to: it is kept, even if its tag was moved. */
  lastGood: string | undefined
  signal?: AbortSignal | undefined
}

/**
 * The recipe of a shared app: fetched anew, or as it was fetched last. When it cannot be fetched, the one that was fetched
 * last does, with a warning.
 *
 * @throws {NeverFetchedError | UnknownRecipeError | RecipeFetchError} when there is none.
 */
export async function keepRecipe(request: KeepRequest): Promise<KeptRecipe> {
  const { recipe, settings, folder, fetch, signal } = request
  const dir = join(folder, 'recipes', recipe)
  const kept = () => openRecipe({ name: recipe, dir, origin: dir })
  if (!fetch) {
    if (existsSync(dir)) return { checkout: await kept() }
    throw new NeverFetchedError({
      happened: `The recipe ${recipe} was never fetched, and is not to be fetched now.`,
      todo: 'Let it be fetched once: without --no-fetch.',
    })
  }
  const into = join(folder, 'fetched', recipe)
  rmSync(into, { recursive: true, force: true })
  try {
    await cloneRecipe({ recipe, sources: settings.recipeSources, into, ...(signal ? { signal } : {}) })
  } catch (error) {
    signal?.throwIfAborted()
    if (!existsSync(dir)) throw error
    return { checkout: await kept(), warning: `taken as it was fetched last: ${messageOf(error)}` }
  }
  if (existsSync(dir)) await takeAlong(into, dir, request.lastGood)
  rmSync(dir, { recursive: true, force: true })
  mkdirSync(dirname(dir), { recursive: true })
  renameSync(into, dir)
  return { checkout: await kept() }
}

/** A commit that no branch or tag of the origin leads to any more comes from the clone before. */
async function takeAlong(into: string, before: string, commit: string | undefined): Promise<void> {
  if (commit === undefined) return
  const git = openGit(into, { config: configFile(into) })
  // It fails where the clone before does not have it either; whoever needs it is told then.
  await git('fetch', '--no-tags', before, `+${commit}:refs/cc-ci/last-good`).catch(() => {})
}
