import type { PublishedVersion } from '../checkout.ts'
import type { LintFinding, LintLevel } from './report.ts'
import type { LintTree } from './tree.ts'

/** What a rule looks at. */
export interface LintContext {
  recipe: string
  /** The name of the stack that the trees were filled in with. */
  stack: string
  /** The version under test. */
  tree: LintTree
  /** The published version whose tag is at the commit under test. */
  tag: PublishedVersion | undefined
  published: readonly PublishedVersion[]
  /** The published version before; what operators upgrade from. */
  base: { version: string; tree: LintTree } | undefined
  /** Why there is no base, where there is none. */
  noBase: string
}

/** A rule has nothing to say, and why. */
export interface Skipped {
  skipped: string
}

/** One rule: findings, none of them when it is satisfied, or why it cannot be told. */
export interface Rule {
  id: string
  level: LintLevel
  title: string
  check(context: LintContext): LintFinding[] | Skipped
}

/** A check that compares with the version before; skipped where there is none. */
export const comparing =
  (check: (context: LintContext, base: NonNullable<LintContext['base']>) => LintFinding[] | Skipped): Rule['check'] =>
  (context) =>
    context.base ? check(context, context.base) : { skipped: context.noBase }
