import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { loadOptions, messageOf, type RecipeOptions, type Settings } from '@cc-ci/harness'

/** A recipe's suite of this checkout. */
export interface Suite {
  recipe: string
  options: RecipeOptions
  /** Why its `recipe.ts` cannot be read: nobody knows what it says. */
  error?: string
}

/** The suites of a checkout, by their recipes; the one for any recipe is none. */
export async function suitesOf(root: string): Promise<Map<string, Suite>> {
  const folder = join(root, 'packages', 'recipes')
  const names = existsSync(folder) ? readdirSync(folder).sort() : []
  const found = new Map<string, Suite>()
  for (const recipe of names) {
    if (recipe === 'generic' || !existsSync(join(folder, recipe, `${recipe}.test.ts`))) continue
    const file = join(folder, recipe, 'recipe.ts')
    try {
      found.set(recipe, { recipe, options: existsSync(file) ? await loadOptions(file) : {} })
    } catch (error) {
      found.set(recipe, { recipe, options: {}, error: messageOf(error) })
    }
  }
  return found
}

/** The recipes whose snapshots stay, as far as it can be told without fetching them: in doubt they do. */
export async function snapshotOwners(
  root: string,
  { sweepRecipes, sharedApps }: Pick<Settings, 'sweepRecipes' | 'sharedApps'>,
): Promise<{ enrolled: Set<string>; shared: Set<string> }> {
  const suites = [...(await suitesOf(root)).values()]
  const enrolled = suites.filter(({ options, error }) => options.canonical || error !== undefined)
  return {
    enrolled: new Set([...enrolled.map(({ recipe }) => recipe), ...sweepRecipes]),
    shared: new Set(sharedApps.map(({ recipe }) => recipe)),
  }
}
