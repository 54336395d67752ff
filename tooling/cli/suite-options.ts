import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { loadOptions, type RecipeOptions } from '@cc-ci/harness'

/** What the suite of a recipe says of it; nothing for one without a `recipe.ts`. */
export async function suiteOptions(root: string, suite: string): Promise<RecipeOptions> {
  const file = join(root, 'packages', 'recipes', suite, 'recipe.ts')
  return existsSync(file) ? await loadOptions(file) : {}
}

/** What the options that a recipe ships may import. */
export const optionPackages = (root: string): Record<string, string> => ({
  '@cc-ci/fixtures': join(root, 'packages', 'fixtures'),
})
