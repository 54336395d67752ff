import type { Blame } from '../errors.ts'
import type { ErrorFact, TestFact } from './facts.ts'
import { RECIPE_LOCAL, type RunStage, STAGES, type Stage, type StageOutcome } from './stages.ts'

/** What became of one test, in the words of the stages, and why where it did not pass. */
export interface TestJudgement {
  outcome: StageOutcome
  reason?: string
  blame?: Blame
}

/** What became of one stage. `blame` says whose doing it is where it is neither passed nor left out by right. */
export interface StageJudgement extends TestJudgement {
  stage: RunStage
}

/** What the stages are judged by. */
export interface StageEvidence {
  tests: readonly TestFact[]
  /** Stages that do not apply to this recipe, with the declared or structural reason. */
  notApplicable: ReadonlyMap<Stage, string>
  /** Stages that should have run and could not, with the reason. */
  unverified: ReadonlyMap<Stage, string>
  /** The only stages this run was asked for; undefined: all. */
  limitedTo?: readonly RunStage[] | undefined
  /** Errors outside of any test: a file that does not load, a hook that threw. */
  fileErrors: readonly ErrorFact[]
}

/** The first line of an error, as a reason in a table. */
export const headline = (error: ErrorFact): string => {
  const line = error.message.split('\n')[0]?.trim() ?? ''
  return error.name === 'Error' || error.name === '' ? line : `${error.name}: ${line}`
}

const NOTES: [prefix: string, outcome: StageOutcome][] = [
  ['blocked:', 'blocked'],
  ['not applicable:', 'not applicable'],
  ['unverified:', 'unverified'],
]

function judgeSkip(note: string | undefined): TestJudgement {
  for (const [prefix, outcome] of NOTES) {
    if (!note?.startsWith(prefix)) continue
    const reason = note.slice(prefix.length).trim()
    return outcome === 'unverified' ? { outcome, reason, blame: 'infrastructure' } : { outcome, reason }
  }
  return { outcome: 'unverified', reason: note ? `skipped: ${note}` : 'skipped', blame: 'recipe' }
}

function judgeFailure(errors: readonly ErrorFact[]): TestJudgement {
  const notTheRecipe = errors.length > 0 && errors.every((error) => error.blame && error.blame !== 'recipe')
  const first = errors.find((error) => !error.blame || error.blame === 'recipe') ?? errors[0]
  const reason = first ? headline(first) : 'failed without an error'
  return notTheRecipe
    ? { outcome: 'unverified', reason, blame: first?.blame ?? 'infrastructure' }
    : { outcome: 'fail', reason, blame: 'recipe' }
}

/**
 * What one test says about its stage. A failure that is not the recipe's doing proves nothing, so it is `unverified`; so
 * is a skip that nobody accounted for, a test marked as expected to fail, and one that never ended.
 */
export function judgeTest(test: TestFact): TestJudgement {
  switch (test.state) {
    case 'failed':
      return judgeFailure(test.errors)
    case 'skipped':
      return judgeSkip(test.note)
    case 'pending':
      return { outcome: 'unverified', reason: 'did not end', blame: 'infrastructure' }
    case 'passed':
      return test.expectedToFail
        ? { outcome: 'unverified', reason: 'marked as expected to fail', blame: 'recipe' }
        : { outcome: 'pass' }
  }
}

/** A stage without tests, before anything else is known. */
function judgeEmpty(stage: Stage, { tests, fileErrors: [error] }: StageEvidence): StageJudgement {
  const failed = stage === RECIPE_LOCAL && tests.find((test) => test.state === 'failed')
  if (failed) return { stage, outcome: 'blocked', reason: `${failed.stage} failed` }
  if (error)
    return { stage, outcome: 'unverified', reason: `not reached: ${headline(error)}`, blame: error.blame ?? 'recipe' }
  // Nobody has to ask for this one, and it says so itself where there is nothing to run.
  if (stage === RECIPE_LOCAL) return { stage, outcome: 'unverified', reason: 'it did not run', blame: 'infrastructure' }
  return { stage, outcome: 'unverified', reason: 'the suite has no test of this stage', blame: 'recipe' }
}

/** Why a stage does not apply, when all its tests say so; one test of several cannot be waved away. */
const reasonOfAll = (tests: readonly TestJudgement[]): string | undefined =>
  tests.every((test) => test.outcome === 'not applicable') ? tests[0]?.reason : undefined

function judgeStage(stage: Stage, failedBefore: Stage | undefined, evidence: StageEvidence): StageJudgement {
  const tests = evidence.tests
    .filter((test) => test.stage === stage)
    .map((test) => ({ name: test.name, state: test.state, ...judgeTest(test) }))
  const find = (outcome: StageOutcome) => tests.find((test) => test.outcome === outcome)
  const named = (test: { name: string; reason?: string }) => `${test.name}: ${test.reason}`

  const failed = find('fail')
  if (failed) return { stage, outcome: 'fail', reason: named(failed), blame: 'recipe' }
  if (evidence.limitedTo && !evidence.limitedTo.includes(stage))
    return { stage, outcome: 'not run', reason: 'not asked for' }
  const reason = evidence.notApplicable.get(stage) ?? reasonOfAll(tests)
  if (reason !== undefined) return { stage, outcome: 'not applicable', reason }
  // The generic floor owes install, upgrade and backup for any recipe; tests of its own a recipe may have or not.
  if (stage === 'custom' && tests.length === 0 && evidence.fileErrors.length === 0 && !evidence.unverified.has(stage)) {
    return { stage, outcome: 'not applicable', reason: 'the suite has no custom tests' }
  }
  if (failedBefore) return { stage, outcome: 'blocked', reason: `${failedBefore} failed` }
  // Before the tests that it blocked: what kept this very stage from running.
  const stopped = tests.find((test) => test.state === 'failed')
  if (stopped) return { stage, outcome: 'unverified', reason: named(stopped), blame: stopped.blame ?? 'infrastructure' }
  const blocked = find('blocked')
  if (blocked) return { stage, outcome: 'blocked', reason: blocked.reason ?? '' }
  const couldNot = evidence.unverified.get(stage)
  if (couldNot !== undefined) return { stage, outcome: 'unverified', reason: couldNot, blame: 'infrastructure' }
  const unproven = find('unverified')
  if (unproven) return { stage, outcome: 'unverified', reason: named(unproven), blame: unproven.blame ?? 'recipe' }
  if (tests.length === 0) return judgeEmpty(stage, evidence)
  const waived = find('not applicable')
  if (waived) {
    const why = `${waived.name}: skipped as not applicable (${waived.reason}), although the stage applies`
    return { stage, outcome: 'unverified', reason: why, blame: 'recipe' }
  }
  return { stage, outcome: 'pass' }
}

/**
 * Judges every stage, in their order (requirements F9). What cannot be shown to have passed has not passed:
 * - any failed test fails its stage, and every applicable stage after it is blocked, whatever its own tests say;
 * - a stage does not apply only where the run or all of its tests say so, or where there is nothing to run (custom tests);
 * - a skip that was not declared, a test marked as failing, one that never ended, or a stage without tests: unverified.
 */
export function judgeStages(evidence: StageEvidence): StageJudgement[] {
  let failedBefore: Stage | undefined
  return STAGES.map((stage) => {
    const judgement = judgeStage(stage, failedBefore, evidence)
    if (judgement.outcome === 'fail') failedBefore ??= stage
    return judgement
  })
}
