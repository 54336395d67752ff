import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { within } from '../scope/within.ts'
import type { RecipeOptions } from './options.ts'
import { type OptionsFile, parseRecipeOptions } from './options.ts'
import { RecipeOptionsError } from './options-error.ts'

/** How long a file of options may take to be loaded (ms): it may wait for something at its top. */
const LOAD_MS = 30_000

/** How much of what Node says of a file that does not load is told. */
const LINES = 6

/**
 * Loads and checks a file of options: a module whose default export they are.
 *
 * @param file absolute.
 * @param where what it is called in messages. Default: its path.
 * @throws {RecipeOptionsError} when it cannot be loaded, throws, or says what cannot be.
 */
export async function loadOptions(
  file: string,
  where: string = file,
  { folder = dirname(file), refused: Refused = RecipeOptionsError }: OptionsFile = {},
): Promise<RecipeOptions> {
  let module: { default?: unknown } | undefined
  const loading = (async () => {
    module = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as { default?: unknown }
  })()
  try {
    await within(LOAD_MS, loading)
  } catch (error) {
    throw new Refused({ happened: `${where}: it cannot be loaded.`, lastSeen: said(error, folder), cause: error })
  }
  if (module) return parseRecipeOptions(module.default, where, { folder, refused: Refused })
  throw new Refused({
    happened: `${where}: it did not load within ${LOAD_MS / 1000} s.`,
    todo: 'Let it wait for nothing: options are what it exports, not what it does.',
  })
}

/** The head of an error's stack, which names the place in the file, with paths from the file's folder on. */
function said(error: unknown, folder: string): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return text
    .replaceAll(`${pathToFileURL(folder).href}/`, '')
    .replaceAll(`${folder}/`, '')
    .split('\n')
    .filter((line) => line.trim() !== '' && !/\(?node:internal/.test(line))
    .slice(0, LINES)
    .join('\n')
}
