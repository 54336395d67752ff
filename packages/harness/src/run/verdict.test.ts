import { describe, expect, test } from 'vitest'
import type { StageJudgement } from './judge.ts'
import { STAGES, type StageOutcome } from './stages.ts'
import { judgeRun, type RunEvidence } from './verdict.ts'

const OUTCOMES: StageOutcome[] = ['pass', 'fail', 'blocked', 'not applicable', 'unverified', 'not run']

const stages = (...outcomes: StageOutcome[]): StageJudgement[] =>
  outcomes.map((outcome, index) => ({ stage: STAGES[index] ?? 'custom', outcome }))

const green: RunEvidence = {
  stages: stages('pass', 'pass', 'pass', 'pass'),
  teardown: { clean: true, left: [] },
  deployments: { counted: 3, planned: 3 },
  deploymentsSeen: 3,
  fileErrors: [],
  unhandledErrors: [],
  interrupted: false,
}
const error = { name: 'Error', message: 'boom' }

describe('a run', () => {
  test('is green when all that was asked for passed or does not apply, and nothing speaks against it', () => {
    expect(judgeRun(green)).toEqual({ verdict: 'green', problems: [] })
    expect(
      judgeRun({ ...green, stages: stages('pass', 'not applicable', 'not applicable', 'not applicable') }).verdict,
    ).toBe('green')
    const limited = { limitedTo: ['install'] as const, stages: stages('pass', 'not run', 'not run', 'not run') }
    expect(judgeRun({ ...green, ...limited }).verdict).toBe('green')
  })

  test('is green for no other combination of outcomes (1296 cases)', () => {
    for (let code = 0; code < OUTCOMES.length ** STAGES.length; code++) {
      const outcomes = STAGES.map(
        (_, stage) => OUTCOMES[Math.floor(code / OUTCOMES.length ** stage) % OUTCOMES.length] as StageOutcome,
      )
      const may =
        outcomes.includes('pass') && outcomes.every((outcome) => outcome === 'pass' || outcome === 'not applicable')
      const { verdict, problems } = judgeRun({ ...green, stages: stages(...outcomes) })
      if ((verdict === 'green') !== may || (problems.length === 0) !== may)
        expect.fail(`${verdict} for ${outcomes.join(', ')}`)
    }
  })

  test.each<[string, Partial<RunEvidence>, string]>([
    [
      'teardown left something',
      { teardown: { clean: false, left: ['volume app_data'] } },
      'teardown left volume app_data',
    ],
    [
      'teardown says clean and names what it left',
      { teardown: { clean: true, left: ['network x'] } },
      'teardown left network x',
    ],
    ['teardown is not clean and names nothing', { teardown: { clean: false, left: [] } }, 'teardown left something'],
    ['teardown did not report', { teardown: undefined }, 'teardown did not report'],
    [
      'deployments are one too many',
      { deployments: { counted: 4, planned: 3 }, deploymentsSeen: 4 },
      'deployed 4 times, the plan says 3',
    ],
    [
      'deployments are one too few',
      { deployments: { counted: 2, planned: 3 }, deploymentsSeen: 2 },
      'deployed 2 times, the plan says 3',
    ],
    ['deployments were not counted', { deployments: undefined }, 'the run did not say how often it deployed'],
    ['deployments were miscounted', { deploymentsSeen: 2 }, 'says it deployed 3 times, its journal shows 2'],
    ['a file threw outside of its tests', { fileErrors: [error] }, 'outside of the tests: boom'],
    ['something threw that nobody caught', { unhandledErrors: [error] }, 'unhandled: boom'],
    [
      'no stage passed',
      { stages: stages('not applicable', 'not applicable', 'not applicable', 'not applicable') },
      'no stage passed',
    ],
    [
      'an asked for stage was not run',
      { limitedTo: ['install'], stages: stages('not run', 'pass') },
      'install: not run',
    ],
  ])('is red when %s', (_, given, problem) => {
    const judged = judgeRun({ ...green, ...given })
    expect(judged.verdict).toBe('red')
    expect(judged.problems).toContain(problem)
  })

  test('that failed on the way is not blamed for the deployments it did not come to, but for those too many', () => {
    const failed = { ...green, stages: stages('pass', 'fail', 'blocked', 'blocked') }
    const problems = (counted: number) =>
      judgeRun({ ...failed, deployments: { counted, planned: 3 }, deploymentsSeen: counted }).problems.filter((text) =>
        text.startsWith('deployed'),
      )
    expect(problems(2)).toEqual([])
    expect(problems(4)).toEqual(['deployed 4 times, the plan says 3'])
  })

  test('that ended before it deployed anything is red for what ended it, not for a teardown it had no use for', () => {
    const stopped = { stages: stages('unverified'), teardown: undefined, deployments: undefined }
    expect(judgeRun({ ...green, ...stopped, deploymentsSeen: 0 }).problems).toEqual(['install: unverified'])
    expect(judgeRun({ ...green, ...stopped, deploymentsSeen: 1 }).problems).toContain('teardown did not report')
  })

  test('is interrupted when it was, however well it went', () => {
    expect(judgeRun({ ...green, interrupted: true }).verdict).toBe('interrupted')
  })

  test('blames the recipe before the infrastructure, and the infrastructure when only it failed', () => {
    const failed: StageJudgement = { stage: 'install', outcome: 'fail', blame: 'recipe' }
    const couldNot: StageJudgement = { stage: 'upgrade', outcome: 'unverified', blame: 'infrastructure' }
    const left = { clean: false, left: ['volume x'] }
    expect(judgeRun({ ...green, stages: [failed, couldNot], teardown: left }).blame).toBe('recipe')
    expect(judgeRun({ ...green, stages: [couldNot] }).blame).toBe('infrastructure')
    expect(judgeRun({ ...green, teardown: left }).blame).toBe('infrastructure')
    expect(judgeRun({ ...green, stages: [{ ...couldNot, blame: 'usage' }], deployments: undefined }).blame).toBe(
      'usage',
    )
    expect(judgeRun(green).blame).toBeUndefined()
  })
})
