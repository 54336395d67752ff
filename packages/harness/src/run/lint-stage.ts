import { messageOf } from '../errors.ts'
import { type LintRequest, lintRecipe } from '../recipe/lint/lint.ts'
import { brokenRules, findingText, type LintReport } from '../recipe/lint/report.ts'
import type { TestFact } from './facts.ts'
import type { Journal } from './journal.ts'
import { headline, type StageJudgement } from './judge.ts'
import type { RunStage } from './stages.ts'

/** What the stage lint is judged by. */
export interface LintEvidence {
  /** What lint has said; undefined: nothing. */
  report: LintReport | undefined
  /** The only stages this run was asked for; undefined: all. */
  limitedTo?: readonly RunStage[] | undefined
  /** What became of the stages before. */
  stages: readonly StageJudgement[]
  tests: readonly TestFact[]
}

/** Lints what a run has checked out, and writes down what lint says. A lint that cannot be made is a warning, never the run's end. */
export async function lintStage(journal: Journal, request: LintRequest): Promise<void> {
  try {
    journal.write({ event: 'lint', report: await lintRecipe(request) })
  } catch (error) {
    request.signal?.throwIfAborted()
    journal.write({ event: 'warning', text: `the recipe could not be linted: ${messageOf(error)}` })
  }
}

/**
 * Judges lint: findings of an error rule make it fail, warnings do not. It has no tests and waits for no other stage; where
 * a run never came to read the recipe, it is blocked by whatever kept it from that.
 */
export function judgeLint({ report, limitedTo, stages, tests }: LintEvidence): StageJudgement {
  const stage = 'lint'
  if (limitedTo && !limitedTo.includes(stage)) return { stage, outcome: 'not run', reason: 'not asked for' }
  if (report) {
    const [first, ...others] = brokenRules(report, 'error')
    const warned = warningsOf(report)
    if (!first) return { stage, outcome: 'pass', ...(warned ? { reason: warned } : {}) }
    const [finding] = first.findings
    const more = others.length > 0 ? ` (and ${others.map(({ id }) => id).join(', ')})` : ''
    const reason = `${first.id}: ${finding ? findingText(finding) : first.title}${more}`
    return { stage, outcome: 'fail', reason, blame: 'recipe' }
  }
  const stopped = stages.find(({ outcome }) => outcome === 'fail' || outcome === 'unverified')
  if (stopped) return { stage, outcome: 'blocked', reason: 'the recipe was not read' }
  const error = tests.flatMap(({ errors }) => errors)[0]
  const reason = error ? headline(error) : 'lint did not report'
  return { stage, outcome: 'unverified', reason, blame: error?.blame ?? 'infrastructure' }
}

/** What lint warns of, in a few words: `2 warnings: R002, R004`. */
export function warningsOf(report: LintReport): string {
  const rules = brokenRules(report, 'warn')
  const count = rules.reduce((sum, { findings }) => sum + findings.length, 0)
  if (count === 0) return ''
  return `${count} ${count === 1 ? 'warning' : 'warnings'}: ${rules.map(({ id }) => id).join(', ')}`
}
