import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bumpKind, compareVersions, parseVersion, type RecipeVersion } from './version.ts'

/** What a maintainer tells those who cross a version in an upgrade. */
export interface ReleaseNote {
  /** `undefined` for `release/next`, the note of a version that is not published yet. */
  version: RecipeVersion | undefined
  /** Relative to the recipe's folder. */
  file: string
  /** As written, without blank lines around it; never empty. */
  text: string
}

/** Where abra keeps the note of the next version, until `abra recipe release` gives it that version's name. */
const NEXT = 'next'

/**
 * The release notes that an upgrade between two versions crosses (`release/<version>`, later than `from` and up to `to`), the
 * oldest first. `release/next`, where it is checked out, comes last: it speaks of what the tree itself brings. Going back
 * crosses none. Only plain files are read, so that a recipe cannot have others shown.
 *
 * @param dir the recipe's folder, with `to` checked out: a note may have come after its version.
 */
export async function releaseNotes(dir: string, from: RecipeVersion, to: RecipeVersion): Promise<ReleaseNote[]> {
  if (bumpKind(from, to) === 'downgrade') return []
  const notes: ReleaseNote[] = []
  for (const name of await plainFiles(dir)) {
    const version = parseVersion(name)
    const crossed = version && compareVersions(version, from) > 0 && compareVersions(version, to) <= 0
    if (!crossed && name !== NEXT) continue
    const file = join('release', name)
    const text = (await readFile(join(dir, file), 'utf8')).trim()
    if (text !== '') notes.push({ version, file, text })
  }
  return notes.sort(byVersion)
}

function byVersion({ version: one }: ReleaseNote, { version: other }: ReleaseNote): number {
  if (one && other) return compareVersions(one, other)
  return one ? -1 : 1
}

async function plainFiles(dir: string): Promise<string[]> {
  const folders = await readdir(dir, { withFileTypes: true })
  if (!folders.some((entry) => entry.name === 'release' && entry.isDirectory())) return []
  const entries = await readdir(join(dir, 'release'), { withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name)
}
