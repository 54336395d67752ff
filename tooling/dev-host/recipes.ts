import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '@cc-ci/harness'
import { type Extra, isExtra } from './extras.ts'
import { hashOf, hashOfFolder } from './files.ts'

/** A sample recipe: a folder with one complete tree a version. */
export interface SampleRecipe {
  name: string
  /** Oldest first. */
  versions: string[]
}

/** Where the sample recipes are written as plain folders. */
export const SAMPLES = join(import.meta.dirname, 'recipes')

/** Changes when the way repositories are made changes: they are then made anew. */
const FORM = '1'

/** The file in a repository's `.git` that says what it was made from. */
const MADE_FROM = 'cc-ci-content'

/** Commits have the same hashes everywhere: one author, and a day between versions. */
const AUTHOR = { name: 'cc-ci', email: 'cc-ci@localhost' }
const FIRST_DAY = Date.UTC(2025, 0, 1, 12)
const DAY_MS = 86_400_000

/** The sample recipes in a folder; of those that must be asked for, only what was. */
export function sampleRecipes(folder = SAMPLES, extras: readonly Extra[] = []): SampleRecipe[] {
  const wanted = foldersIn(folder).filter((name) => !isExtra(name) || extras.includes(name))
  return wanted.map((name) => ({ name, versions: foldersIn(join(folder, name)).sort(byVersion) }))
}

const foldersIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))

const byVersion = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true })

/** Whether the recipe's repository is there and made from what the folder holds now. */
export function isCurrent(recipe: string, target: string, folder = SAMPLES): boolean {
  const file = join(target, recipe, '.git', MADE_FROM)
  return existsSync(file) && readFileSync(file, 'utf8') === contentOf(join(folder, recipe))
}

const contentOf = (folder: string): string => hashOf(FORM, hashOfFolder(folder))

/**
 * Turns the folders into git repositories `<target>/<recipe>`: on `main` one commit a version, each with an annotated tag,
 * as Co-op Cloud publishes recipes. Those that are current are left alone; those of removed samples go.
 *
 * @returns the names of those that were made
 */
export async function ensureRecipes(
  target: string,
  folder = SAMPLES,
  extras: readonly Extra[] = [],
): Promise<string[]> {
  mkdirSync(target, { recursive: true })
  const samples = sampleRecipes(folder, extras)
  const stale = samples.filter(({ name }) => !isCurrent(name, target, folder))
  for (const sample of stale) await makeRepository(sample, target, folder)
  for (const name of foldersIn(target)) {
    if (!samples.some((sample) => sample.name === name)) rmSync(join(target, name), { recursive: true, force: true })
  }
  return stale.map(({ name }) => name)
}

async function makeRepository({ name, versions }: SampleRecipe, target: string, folder: string): Promise<void> {
  const next = join(target, `.${name}.${process.pid}`)
  rmSync(next, { recursive: true, force: true })
  mkdirSync(next)
  try {
    await git(next, ['init', '--quiet', '--template=', '--initial-branch=main'])
    for (const [index, version] of versions.entries()) {
      const date = new Date(FIRST_DAY + index * DAY_MS).toISOString()
      const message = `chore: publish ${version} release`
      for (const entry of readdirSync(next)) {
        if (entry !== '.git') rmSync(join(next, entry), { recursive: true })
      }
      cpSync(join(folder, name, version), next, { recursive: true })
      await git(next, ['add', '--all', '--force'], date)
      await git(next, ['commit', '--quiet', '--allow-empty', '-m', message], date)
      await git(next, ['tag', '--annotate', version, '-m', message], date)
    }
    writeFileSync(join(next, '.git', MADE_FROM), contentOf(join(folder, name)))
    rmSync(join(target, name), { recursive: true, force: true })
    renameSync(next, join(target, name))
  } finally {
    rmSync(next, { recursive: true, force: true })
  }
}

/** Git without this user's or this system's configuration, and never asking for a key or an editor. */
async function git(cwd: string, args: string[], date = ''): Promise<void> {
  await run('git', args, {
    cwd,
    cleanEnv: true,
    env: {
      PATH: process.env.PATH,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: AUTHOR.name,
      GIT_AUTHOR_EMAIL: AUTHOR.email,
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_NAME: AUTHOR.name,
      GIT_COMMITTER_EMAIL: AUTHOR.email,
      GIT_COMMITTER_DATE: date,
    },
  })
}
