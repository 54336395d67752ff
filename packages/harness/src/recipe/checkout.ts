import { mkdir, rm, writeFile } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { messageOf, UsageError } from '../errors.ts'
import { configFile, GIT_CONFIG, type Git, openGit, RecipeFetchError } from './git.ts'
import { candidates, nearest, unknownRecipe } from './source.ts'
import { type PublishedVersion, readTags } from './tags.ts'
import { compareVersions, type RecipeVersion } from './version.ts'

export type { PublishedVersion } from './tags.ts'

/** The ref asked for is no tag, branch or commit of the recipe. */
export class UnknownVersionError extends UsageError {}

/** What is checked out. */
export interface CheckedOut {
  ref: string | undefined
  commit: string
  /** The published version whose tag is exactly at this commit (the newest, if there are several). */
  tag: PublishedVersion | undefined
}

/** A run's own clone of a recipe's repository; nothing else reads or moves it. */
export interface RecipeCheckout {
  readonly name: string
  readonly dir: string
  readonly origin: string
  /** Versions in ascending order; tags of tags are followed to their commit. */
  readonly published: PublishedVersion[]
  /** Tags that are no recipe version, such as `v1.0.0`. */
  readonly ignoredTags: string[]
  /** Files that the origin's work tree has changed or added but not committed: they are not part of the run. */
  readonly uncommitted: string[]
  /** The commit that was checked out last. */
  readonly at: string | undefined
  /**
   * Checks out a tag, branch, commit or any other ref the origin has (`refs/pull/7/head`), by force and clean;
   * `undefined` is the head of the default branch.
   *
   * @throws {UnknownVersionError} naming the nearest versions and branches.
   * @throws {RecipeFetchError} when git fails otherwise.
   */
  checkout(ref: string | undefined, signal?: AbortSignal): Promise<CheckedOut>
  /**
   * The published version to upgrade from: the newest one that is older than the one given (by recipe semver) and not at
   * this commit. A commit that comes after a published version and still has its label is upgraded to from that version,
   * as its operators will. For a tree without a readable version, the newest published one that is not at this commit.
   */
  previous(
    version: RecipeVersion | undefined,
    commit: string,
    signal?: AbortSignal,
  ): Promise<PublishedVersion | undefined>
}

/** What to fetch and where to. */
export interface CloneRequest {
  /** A recipe's name, a path with a "/" in it to a repository, or a git URL. */
  recipe: string
  /** Folders that hold `<name>` repositories, or git URLs with `{recipe}` in them (Settings.recipeSources). */
  sources: string[]
  /** The folder to make; it must be absent or empty. */
  into: string
  signal?: AbortSignal
}

// Beside the branches, the origin's HEAD itself: that is the default branch, or what is checked out in a local repository.
const HEAD_REF = 'refs/cc-ci/head'
const REFSPECS = ['+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*']

/** What servers say of a repository that is not there or not open to us; anything else is a failure on the way. */
const NOT_THERE =
  /not found|does not exist|does not appear to be a git repository|could not read (username|password)|403|401/i

// Git is not told to be quiet: simple-git waits 50 ms longer for a program that printed nothing.
async function fetchInto(dir: string, origin: string, signal: AbortSignal | undefined): Promise<Git> {
  await mkdir(dir, { recursive: true })
  await openGit(dir, { signal })('init', '.')
  await writeFile(configFile(dir), GIT_CONFIG)
  const git = openGit(dir, { config: configFile(dir), signal })
  const fetch = (...refspecs: string[]) => git('fetch', '--no-tags', origin, ...REFSPECS, ...refspecs)
  try {
    await fetch(`+HEAD:${HEAD_REF}`)
  } catch (error) {
    // The origin's HEAD may name a branch that does not exist.
    if (!/remote ref HEAD/i.test(messageOf(error))) throw error
    await fetch()
  }
  return git
}

/**
 * Fetches a recipe with all its branches and tags into a folder of this run's own, without user configuration, prompts or
 * hooks. Nothing is checked out yet. On failure `into` is gone again.
 *
 * @throws {UnknownRecipeError} naming the sources tried and the nearest known recipes.
 * @throws {RecipeFetchError} when a source could not be asked.
 */
export async function cloneRecipe(request: CloneRequest): Promise<RecipeCheckout> {
  const { name, origins } = candidates(request.recipe, request.sources)
  const said: string[] = []
  let failure: RecipeFetchError | undefined
  for (const origin of origins) {
    try {
      const git = await fetchInto(request.into, origin, request.signal)
      const tags = await readTags(git)
      return new Checkout({ name, dir: request.into, origin, ...tags, uncommitted: await uncommitted(origin) })
    } catch (error) {
      await rm(request.into, { recursive: true, force: true })
      request.signal?.throwIfAborted()
      if (!(error instanceof RecipeFetchError)) throw error
      said.push(`${origin}: ${error.told.lastSeen ?? error.message}`)
      if (isAbsolute(origin) || !NOT_THERE.test(error.told.lastSeen ?? '')) failure ??= error
    }
  }
  if (!failure) throw await unknownRecipe(request.recipe, request.sources, said)
  throw new RecipeFetchError({
    happened: `The recipe "${request.recipe}" could not be fetched.`,
    lastSeen: said.join('\n'),
    todo: 'Check that this machine reaches the source (CCCI_RECIPE_SOURCES), then run again.',
    cause: failure,
  })
}

/**
 * Opens a clone that {@link cloneRecipe} has made before, without asking its origin for anything.
 *
 * @throws {RecipeFetchError} when there is none.
 */
export async function openRecipe(clone: { name: string; dir: string; origin: string }): Promise<RecipeCheckout> {
  const tags = await readTags(openGit(clone.dir, { config: configFile(clone.dir) }))
  return new Checkout({ ...clone, ...tags, uncommitted: [] })
}

const counted = (things: readonly unknown[], one: string, more = `${one}s`): string =>
  `${things.length} ${things.length === 1 ? one : more}`

/** The uncommitted files of a local origin; empty where there is no work tree to ask. */
async function uncommitted(origin: string): Promise<string[]> {
  if (!isAbsolute(origin)) return []
  const status = await openGit(origin)('status', '--porcelain', '--untracked-files=all').catch(() => '')
  return status.split('\n').flatMap((line) => (line === '' ? [] : [line.slice(3)]))
}

type Facts = Pick<RecipeCheckout, 'name' | 'dir' | 'origin' | 'published' | 'ignoredTags' | 'uncommitted'>

class Checkout implements RecipeCheckout {
  readonly name: string
  readonly dir: string
  readonly origin: string
  readonly published: PublishedVersion[]
  readonly ignoredTags: string[]
  readonly uncommitted: string[]
  at: string | undefined

  constructor(facts: Facts) {
    this.name = facts.name
    this.dir = facts.dir
    this.origin = facts.origin
    this.published = facts.published
    this.ignoredTags = facts.ignoredTags
    this.uncommitted = facts.uncommitted
  }

  async checkout(ref: string | undefined, signal?: AbortSignal): Promise<CheckedOut> {
    const git = openGit(this.dir, { config: configFile(this.dir), signal })
    const commit = await this.#resolve(git, ref)
    await git('checkout', '--force', '--detach', commit)
    await git('clean', '-ffdxq')
    this.at = commit
    return { ref, commit, tag: this.published.findLast((version) => version.commit === commit) }
  }

  async previous(
    version: RecipeVersion | undefined,
    commit: string,
    signal?: AbortSignal,
  ): Promise<PublishedVersion | undefined> {
    const others = this.published.filter((candidate) => candidate.commit !== commit)
    const same = others.findLast(({ text }) => text === version?.text)
    if (same && (await this.#isBefore(same.commit, commit, signal))) return same
    return others.findLast((candidate) => !version || isOlder(candidate, version))
  }

  async #isBefore(one: string, other: string, signal: AbortSignal | undefined): Promise<boolean> {
    const git = openGit(this.dir, { config: configFile(this.dir), signal })
    return (await git('rev-list', '--count', one, `^${other}`)).trim() === '0'
  }

  async #resolve(git: Git, ref: string | undefined): Promise<string> {
    const known = ref === undefined ? [HEAD_REF] : [`refs/tags/${ref}`, `refs/remotes/origin/${ref}`]
    if (ref !== undefined && /^[0-9a-f]{4,40}$/i.test(ref)) known.push(ref)
    for (const candidate of known) {
      // Quiet: git says nothing and simple-git hands back an empty answer where the ref does not exist.
      const commit = await git('rev-parse', '--verify', '--quiet', '--end-of-options', `${candidate}^{commit}`)
      if (commit.trim() !== '') return commit.trim()
    }
    const fetched = ref === undefined ? undefined : await this.#fetch(git, ref)
    if (fetched) return fetched
    throw await this.#unknown(git, ref)
  }

  /** Asks the origin for a ref that is neither branch nor tag, such as a pull request's head or an unadvertised commit. */
  async #fetch(git: Git, ref: string): Promise<string | undefined> {
    if (!/^(refs\/\S+|[0-9a-f]{40})$/.test(ref)) return undefined
    try {
      await git('fetch', '--no-tags', this.origin, `+${ref}:refs/cc-ci/fetched`)
    } catch (error) {
      if (/remote ref|not our ref|unadvertised|invalid refspec/i.test(messageOf(error))) return undefined
      throw error
    }
    return (await git('rev-parse', '--verify', 'refs/cc-ci/fetched^{commit}')).trim()
  }

  async #unknown(git: Git, ref: string | undefined): Promise<UnknownVersionError> {
    const listed = await git('for-each-ref', '--format=%(refname:strip=3)', 'refs/remotes/origin')
    const branches = listed.split('\n').filter(Boolean)
    const versions = this.published.map((version) => version.tag)
    const near = ref === undefined ? [] : nearest(ref, [...versions, ...this.ignoredTags, ...branches])
    const some = [...versions.slice(-5).reverse(), ...branches.slice(0, 5)]
    return new UnknownVersionError({
      happened:
        ref === undefined
          ? `The recipe "${this.name}" has no default branch.`
          : `The recipe "${this.name}" has no version, branch or commit "${ref}".`,
      lastSeen: `${counted(versions, 'version')} and ${counted(branches, 'branch', 'branches')} in ${this.origin}`,
      todo: near.length > 0 ? `The nearest: ${near.join(', ')}.` : `There are: ${some.join(', ') || 'none at all'}.`,
    })
  }
}

function isOlder(a: RecipeVersion, b: RecipeVersion): boolean {
  return compareVersions({ ...a, upstream: '' }, { ...b, upstream: '' }) < 0
}
