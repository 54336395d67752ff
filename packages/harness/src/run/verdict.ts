import type { Blame } from '../errors.ts'
import type { ErrorFact } from './facts.ts'
import { headline, type StageJudgement } from './judge.ts'
import type { RunStage } from './stages.ts'

export type Verdict = 'green' | 'red' | 'interrupted'

/** What a whole run is judged by. */
export interface RunEvidence {
  stages: readonly StageJudgement[]
  /** The only stages this run was asked for; undefined: all. */
  limitedTo?: readonly RunStage[] | undefined
  /** What was reported when the scope was closed; undefined: nothing was. */
  teardown: { clean: boolean; left: readonly string[] } | undefined
  /** That the app was left up on purpose, in words. */
  kept?: string | undefined
  /** What the run says about its deployments; undefined: nothing. */
  deployments: { counted: number; planned: number } | undefined
  /** How many deployments the journal shows. */
  deploymentsSeen: number
  fileErrors: readonly ErrorFact[]
  unhandledErrors: readonly ErrorFact[]
  interrupted: boolean
}

/** The verdict of a run, everything that speaks against green, and whose doing the first of it is. */
export interface RunJudgement {
  verdict: Verdict
  problems: string[]
  blame?: Blame
}

function deploymentProblem(evidence: RunEvidence, began: boolean): string | undefined {
  const { deployments, deploymentsSeen, stages } = evidence
  if (!deployments) return began ? 'the run did not say how often it deployed' : undefined
  const { counted, planned } = deployments
  // A stage that failed on the way never came to its other deployments; that is no second problem.
  if (counted < planned && counted === deploymentsSeen && stages.some((stage) => stage.outcome === 'fail'))
    return undefined
  if (counted !== planned) return `deployed ${counted} times, the plan says ${planned}`
  return counted === deploymentsSeen
    ? undefined
    : `says it deployed ${counted} times, its journal shows ${deploymentsSeen}`
}

/** The problem of a run whose teardown is not known to have happened. */
export const TEARDOWN_SILENT = 'teardown did not report'

function teardownProblem({ teardown, kept }: RunEvidence, began: boolean): string | undefined {
  if (kept) return kept
  if (!teardown) return began ? TEARDOWN_SILENT : undefined
  if (teardown.clean && teardown.left.length === 0) return undefined
  return `teardown left ${teardown.left.join(', ') || 'something'}`
}

const WEIGHT: Blame[] = ['recipe', 'usage', 'infrastructure']

/**
 * Green only if every stage asked for passed or does not apply, at least one passed, teardown was reported and left
 * nothing, the deployments were counted as planned, and nothing threw outside of the tests.
 */
export function judgeRun(evidence: RunEvidence): RunJudgement {
  const problems: { text: string; blame: Blame | undefined }[] = []
  for (const { stage, outcome, reason, blame } of evidence.stages) {
    if (outcome === 'pass' || outcome === 'not applicable') continue
    if (outcome === 'not run' && evidence.limitedTo && !evidence.limitedTo.includes(stage)) continue
    problems.push({ text: `${stage}: ${outcome}${reason ? ` (${reason})` : ''}`, blame })
  }
  // Where a run ended before it deployed anything, there was nothing to count or to remove. Lint deploys nothing.
  const tested = evidence.stages.some(({ stage, outcome }) => stage !== 'lint' && outcome === 'pass')
  const began = problems.length === 0 || tested || evidence.deploymentsSeen > 0
  if (problems.length === 0 && !evidence.stages.some((stage) => stage.outcome === 'pass')) {
    problems.push({ text: 'no stage passed', blame: undefined })
  }
  for (const error of evidence.fileErrors) {
    problems.push({ text: `outside of the tests: ${headline(error)}`, blame: error.blame ?? 'recipe' })
  }
  for (const error of evidence.unhandledErrors) {
    problems.push({ text: `unhandled: ${headline(error)}`, blame: error.blame ?? 'recipe' })
  }
  for (const text of [deploymentProblem(evidence, began), teardownProblem(evidence, began)]) {
    if (text) problems.push({ text, blame: 'infrastructure' })
  }

  const texts = problems.map((problem) => problem.text)
  if (evidence.interrupted) return { verdict: 'interrupted', problems: ['interrupted before its end', ...texts] }
  if (problems.length === 0) return { verdict: 'green', problems: [] }
  const blame = WEIGHT.find((whose) => problems.some((problem) => problem.blame === whose)) ?? 'infrastructure'
  return { verdict: 'red', problems: texts, blame }
}
