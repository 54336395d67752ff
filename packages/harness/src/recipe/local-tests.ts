import { readdirSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'

/** The tests that a recipe's repository ships under `tests/`. */
export interface LocalTests {
  /** `tests/`, absolute. */
  folder: string
  /** `*.test.ts`, relative to the folder. */
  vitest: string[]
  /** `*.spec.ts`, relative to the folder. */
  playwright: string[]
  /** Whether there is a `run`. */
  run: boolean
}

/** Why a recipe has no stage of its own. */
export const NO_LOCAL_TESTS = 'the recipe ships no tests under tests/'

/** Looks for the tests of a recipe; `undefined` when it ships none. */
export function findLocalTests(checkout: string): LocalTests | undefined {
  const folder = join(checkout, 'tests')
  const files = filesBelow(folder).map((file) => relative(folder, file))
  const found: LocalTests = {
    folder,
    vitest: files.filter((file) => file.endsWith('.test.ts')),
    playwright: files.filter((file) => file.endsWith('.spec.ts')),
    run: files.includes('run'),
  }
  return found.vitest.length + found.playwright.length > 0 || found.run ? found : undefined
}

/** Links to files count as files; folders are not followed through links, and packages are nobody's tests. */
function filesBelow(folder: string): string[] {
  const kind = statSync(folder, { throwIfNoEntry: false })
  if (!kind?.isDirectory()) return []
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : filesBelow(path)
    return statSync(path, { throwIfNoEntry: false })?.isFile() ? [path] : []
  })
}
