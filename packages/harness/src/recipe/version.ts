/** A recipe's version, such as `1.10.0+1.28.0`: the maintainer's semver, `+`, and whatever upstream calls its own. */
export interface RecipeVersion {
  text: string
  semver: string
  upstream: string
}

/** What kind of step leads from one recipe version to another. */
export type BumpKind = 'major' | 'minor' | 'patch' | 'none' | 'downgrade'

const VERSION = /^(\d+\.\d+\.\d+)\+(\S+)$/
const natural = new Intl.Collator('en', { numeric: true })

/** Reads a recipe version; `undefined` for anything that is not `X.Y.Z+upstream` (`v1.0.0` is not one). */
export function parseVersion(text: string): RecipeVersion | undefined {
  const match = VERSION.exec(text)
  if (!match?.[1] || !match[2]) return undefined
  return { text, semver: match[1], upstream: match[2] }
}

const numbers = (version: RecipeVersion): number[] => version.semver.split('.').map(Number)

/** -1, 0 or 1 at the first of major, minor and patch that differs, with its index (3 when none does). */
function firstDifference(a: RecipeVersion, b: RecipeVersion): { index: number; sign: number } {
  const [left, right] = [numbers(a), numbers(b)]
  const index = [0, 1, 2].find((position) => left[position] !== right[position]) ?? 3
  return { index, sign: Math.sign((left[index] ?? 0) - (right[index] ?? 0)) }
}

/** Orders versions ascending: by the recipe's semver as numbers, then by the upstream text in its natural order (9 before 10). */
export function compareVersions(a: RecipeVersion, b: RecipeVersion): number {
  const { sign } = firstDifference(a, b)
  if (sign !== 0) return sign
  if (a.upstream === b.upstream) return 0
  return Math.sign(natural.compare(a.upstream, b.upstream)) || (a.upstream < b.upstream ? -1 : 1)
}

/** The step between two versions by the recipe's semver alone: the upstream part is the maintainer's business. */
export function bumpKind(from: RecipeVersion, to: RecipeVersion): BumpKind {
  const { index, sign } = firstDifference(from, to)
  if (sign === 0) return 'none'
  if (sign > 0) return 'downgrade'
  return (['major', 'minor', 'patch'] as const)[index] ?? 'none'
}

/** What the `TYPE` of an app's `.env` says: the recipe, and its version where it has one. */
export function typeText(recipe: string, version: string): string {
  return version === '' ? recipe : `${recipe}:${version}`
}
