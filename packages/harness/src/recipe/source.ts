import { existsSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, isAbsolute, join, resolve } from 'node:path'
import { distance } from 'fastest-levenshtein'
import { UsageError } from '../errors.ts'

/** No source has a recipe of that name, or the path given is no repository. Nothing was touched. */
export class UnknownRecipeError extends UsageError {}

/** Where a recipe's repository may be: the name it will go by and the addresses to try, in order. */
export interface Candidates {
  name: string
  origins: string[]
}

const isUrl = (text: string): boolean => /^[a-z][a-z0-9+.-]*:\/\/|^[^/\s]+@[^/\s]+:/i.test(text)

const nameOf = (address: string): string =>
  address
    .replace(/\/+$/, '')
    .replace(/^.*[/:]/, '')
    .replace(/\.git$/, '')

/** Whether a folder is a git repository: with a work tree, as a linked work tree, or bare. */
function isRepository(dir: string): boolean {
  const isDirectory = statSync(dir, { throwIfNoEntry: false })?.isDirectory() ?? false
  return (
    isDirectory &&
    (existsSync(join(dir, '.git')) || (existsSync(join(dir, 'HEAD')) && existsSync(join(dir, 'objects'))))
  )
}

/** The up to three names nearest to a wanted one; none that share next to nothing with it. */
export function nearest(wanted: string, names: Iterable<string>): string[] {
  return [...new Set(names)]
    .map((name) => ({ name, far: distance(wanted.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, far }) => far <= Math.max(2, Math.ceil(Math.max(wanted.length, name.length) * 0.6)))
    .sort((a, b) => a.far - b.far || a.name.localeCompare(b.name))
    .slice(0, 3)
    .map(({ name }) => name)
}

/**
 * Finds out where a recipe may be fetched from: a path or URL is taken as it is, a name is looked up in the folders and put
 * into the URL templates.
 *
 * @throws {UnknownRecipeError} when a path is no repository.
 */
export function candidates(recipe: string, sources: string[]): Candidates {
  if (isUrl(recipe)) return { name: nameOf(recipe), origins: [recipe] }
  if (recipe.includes('/')) {
    const dir = resolve(recipe)
    if (isRepository(dir)) return { name: basename(dir).replace(/\.git$/, ''), origins: [dir] }
    throw new UnknownRecipeError({
      happened: `${dir} is not a git repository.`,
      todo: existsSync(dir)
        ? 'A recipe is fetched with its versions: run `git init` there and commit, or give the repository it belongs to.'
        : 'Give the path of a recipe repository, or the name of a recipe.',
    })
  }
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(recipe)) {
    throw new UnknownRecipeError({
      happened: `"${recipe}" is not the name of a recipe.`,
      todo: 'Names are letters, digits, dots, dashes and underscores; a path has a "/" in it.',
    })
  }
  const origins = sources.flatMap((source) => {
    if (isUrl(source)) return [source.replaceAll('{recipe}', recipe)]
    const folder = isAbsolute(source) ? source : resolve(source)
    return [join(folder, recipe), join(folder, `${recipe}.git`)].filter(isRepository).slice(0, 1)
  })
  return { name: recipe, origins }
}

/** An UnknownRecipeError that names the sources tried and the nearest recipes in their folders. */
export async function unknownRecipe(recipe: string, sources: string[], said: string[]): Promise<UnknownRecipeError> {
  const known: string[] = []
  for (const source of sources.filter((each) => !isUrl(each))) {
    const entries = await readdir(source).catch(() => [])
    known.push(
      ...entries.filter((entry) => isRepository(join(source, entry))).map((entry) => entry.replace(/\.git$/, '')),
    )
  }
  const near = nearest(recipe, known)
  const names = near.length > 0 ? near : [...new Set(known)].sort().slice(0, 12)
  const hint = near.length > 0 ? 'The nearest: ' : 'There are: '
  return new UnknownRecipeError({
    happened: `There is no recipe "${recipe}" in ${sources.join(', ')}.`,
    lastSeen: said.join('\n') || undefined,
    todo: names.length > 0 ? `${hint}${names.join(', ')}.` : 'Check the name, or set CCCI_RECIPE_SOURCES.',
  })
}
