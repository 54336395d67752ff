import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { FataError } from './fata.ts'

/** `$ABRA_DIR`, else `~/.abra`. */
export const abraDir = (): string => process.env.ABRA_DIR || join(homedir(), '.abra')

/** Where a recipe's working tree is: shared by all that use this ABRA_DIR, and moved by abra itself. */
export const treeOf = (recipe: string): string => join(abraDir(), 'recipes', recipe)

export function git(recipe: string, ...args: string[]): string {
  try {
    return execFileSync('git', ['-C', treeOf(recipe), ...args], { encoding: 'utf8', stdio: 'pipe' }).trim()
  } catch (error) {
    throw new FataError(String((error as { stderr?: string }).stderr || error).trim())
  }
}

const VERSION = /^(\d+)\.(\d+)\.(\d+)\+\S+$/

/** The recipe's tags that are versions, oldest first; others are skipped. */
export function versions(recipe: string): string[] {
  const numbers = (tag: string) => (VERSION.exec(tag) ?? []).slice(1, 4).map(Number)
  return git(recipe, 'tag')
    .split('\n')
    .filter((tag) => VERSION.test(tag))
    .sort((one, other) => {
      const [a, b] = [numbers(one), numbers(other)]
      return (a[0] ?? 0) - (b[0] ?? 0) || (a[1] ?? 0) - (b[1] ?? 0) || (a[2] ?? 0) - (b[2] ?? 0)
    })
}

/** Clones the recipe if it is not there. */
export function ensureRecipe(recipe: string): string {
  if (existsSync(treeOf(recipe))) return recipe
  const source = `https://git.coopcloud.tech/coop-cloud/${recipe}.git`
  try {
    execFileSync('git', ['clone', source, treeOf(recipe)], { stdio: 'pipe' })
  } catch {
    throw new FataError(`unable to clone ${source}`)
  }
  return recipe
}

export const isDirty = (recipe: string): boolean => git(recipe, 'status', '--porcelain', '--untracked-files=all') !== ''

/** Checks a tag or a commit out, as all commands do that are not called with -C. */
export function ensureVersion(recipe: string, version: string): void {
  if (isDirty(recipe)) throw new FataError(`${recipe} has locally unstaged changes?`)
  try {
    git(recipe, 'checkout', '--quiet', '--detach', version)
  } catch {
    throw new FataError(`unable to find version ${version} of ${recipe}`)
  }
}

/** The rules whose breach is an error. */
export function lint(recipe: string): { rule: string; says: string }[] {
  const light = git(recipe, 'for-each-ref', '--format=%(objecttype)', 'refs/tags').split('\n').includes('commit')
  return [
    ...(existsSync(join(treeOf(recipe), '.env.sample')) ? [] : [{ rule: 'R008', says: '.env.sample provided' }]),
    ...(light ? [{ rule: 'R014', says: 'only annotated tags used for recipe version' }] : []),
  ]
}
