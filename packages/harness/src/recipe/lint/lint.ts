import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CheckedOut, PublishedVersion, RecipeCheckout } from '../checkout.ts'
import { configFile, openGit } from '../git.ts'
import type { SampleRequest } from '../sample.ts'
import { parseVersion } from '../version.ts'
import { backupRules } from './backups.ts'
import { composeRules } from './compose.ts'
import { configRules } from './configs.ts'
import { droppedRules } from './dropped.ts'
import { elsewhereRules } from './elsewhere.ts'
import { fileRules } from './files.ts'
import { imageRules } from './images.ts'
import { nameRules } from './names.ts'
import type { LintReport } from './report.ts'
import type { LintContext, Rule } from './rule.ts'
import { secretRules } from './secrets.ts'
import { serviceRules } from './services.ts'
import { deployLabelsOf, entriesOf, type LintTree, readLintTree } from './tree.ts'
import { variableRules } from './variables.ts'
import { versionRules } from './versions.ts'

/** Every rule, abra's first, in the order of their ids. */
export const LINT_RULES: readonly Rule[] = [
  ...backupRules,
  ...composeRules,
  ...configRules,
  ...droppedRules,
  ...elsewhereRules,
  ...fileRules,
  ...imageRules,
  ...nameRules,
  ...secretRules,
  ...serviceRules,
  ...variableRules,
  ...versionRules,
].sort((a, b) => Number(a.id[0] !== 'R') - Number(b.id[0] !== 'R') || a.id.localeCompare(b.id))

/** What to lint: a checkout as it stands. */
export interface LintRequest extends SampleRequest {
  checkout: RecipeCheckout
  /** What is checked out there. */
  at: CheckedOut
  signal?: AbortSignal | undefined
}

/**
 * Looks at a recipe as it is checked out, without deploying anything: the rules of `abra recipe lint` that can be told from
 * the repository, and the mistakes that only an upgrade shows, by comparing with the published version before. That one is
 * read in a work tree of its own inside the checkout's `.git`; what is checked out does not move.
 *
 * @throws {RecipeFetchError} when git fails.
 */
export async function lintRecipe(request: LintRequest): Promise<LintReport> {
  const started = performance.now()
  const { checkout, at, stack } = request
  const tree = await readLintTree(checkout.dir, request)
  const version = parseVersion(at.tag?.text ?? versionOf(tree, stack) ?? '')
  const before = await checkout.previous(version, at.commit, request.signal)
  await using base = before ? await openBase(request, before) : undefined
  const context: LintContext = {
    recipe: checkout.name,
    stack,
    tree,
    tag: at.tag,
    published: checkout.published,
    base: base && { version: base.version, tree: base.tree },
    noBase: `there is no published version before ${at.tag?.text ?? at.commit.slice(0, 8)}`,
  }
  return { ...lintTree(context), durationMs: performance.now() - started }
}

/** What each rule says. */
export function lintTree(context: LintContext): Pick<LintReport, 'rules'> {
  const rules = LINT_RULES.map(({ id, level, title, check }): LintReport['rules'][number] => {
    const said = check(context)
    if (!Array.isArray(said)) return { id, level, title, outcome: 'skipped', reason: said.skipped, findings: [] }
    return { id, level, title, outcome: said.length > 0 ? 'findings' : 'satisfied', findings: said }
  })
  return { rules }
}

/** The version that the recipe's label claims, also where the recipe cannot be loaded. */
function versionOf({ files }: LintTree, stack: string): string | undefined {
  const app = entriesOf(files, 'services').filter(({ key, file }) => key === 'app' && file.isDefault)
  const labels = app.flatMap(deployLabelsOf)
  return labels.findLast(([key]) => key === `coop-cloud.${stack}.version`)?.[1].trim()
}

interface Base extends AsyncDisposable {
  version: string
  tree: LintTree
}

async function openBase(request: LintRequest, { tag, commit, text }: PublishedVersion): Promise<Base> {
  const { checkout, signal } = request
  const dir = join(checkout.dir, '.git', 'cc-ci-base')
  const git = openGit(checkout.dir, { config: configFile(checkout.dir), signal })
  await using opened = new AsyncDisposableStack()
  opened.defer(() => rm(dir, { recursive: true, force: true }))
  // Not quiet: simple-git waits for a program that says nothing.
  await git('worktree', 'add', '--force', '--detach', dir, commit)
  const tree = await readLintTree(dir, request)
  const kept = opened.move()
  return { version: text || tag, tree, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}
