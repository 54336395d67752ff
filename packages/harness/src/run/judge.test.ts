import { describe, expect, test } from 'vitest'
import type { TestFact } from './facts.ts'
import { judgeStages, judgeTest, type StageEvidence } from './judge.ts'
import { STAGES, type Stage, type StageOutcome } from './stages.ts'

const fact = (stage: Stage, given: Partial<TestFact>): TestFact => ({
  name: `a test of ${stage}`,
  stage,
  state: 'passed',
  durationMs: 1,
  errors: [],
  ...given,
})

/** What can become of a single test, and what its stage may be called if nothing else speaks. */
const ENDS: Record<string, [given: Partial<TestFact>, outcome: StageOutcome]> = {
  passed: [{}, 'pass'],
  failed: [{ state: 'failed', errors: [{ name: 'AssertionError', message: 'expected 200' }] }, 'fail'],
  'failed by a recipe error': [
    { state: 'failed', errors: [{ name: 'RecipeError', message: 'x', blame: 'recipe' }] },
    'fail',
  ],
  'failed without an error': [{ state: 'failed' }, 'fail'],
  'failed by the infrastructure': [
    { state: 'failed', errors: [{ name: 'DockerUnreachable', message: 'x', blame: 'infrastructure' }] },
    'unverified',
  ],
  'failed by the infrastructure and by itself': [
    {
      state: 'failed',
      errors: [
        { name: 'E', message: 'x', blame: 'infrastructure' },
        { name: 'AssertionError', message: 'y' },
      ],
    },
    'fail',
  ],
  'wrongly asked for': [
    { state: 'failed', errors: [{ name: 'UsageError', message: 'x', blame: 'usage' }] },
    'unverified',
  ],
  'skipped as blocked': [{ state: 'skipped', note: 'blocked: install failed' }, 'blocked'],
  'skipped as unverified': [{ state: 'skipped', note: 'unverified: base does not deploy' }, 'unverified'],
  'skipped by hand': [{ state: 'skipped', note: 'flaky' }, 'unverified'],
  'skipped without a word': [{ state: 'skipped' }, 'unverified'],
  'never ended': [{ state: 'pending' }, 'unverified'],
  'passed although it should fail': [{ expectedToFail: true }, 'unverified'],
}

const evidence = (given: Partial<StageEvidence>): StageEvidence => ({
  tests: [],
  notApplicable: new Map(),
  unverified: new Map(),
  fileErrors: [],
  ...given,
})

const outcomes = (given: Partial<StageEvidence>): Record<string, StageOutcome> =>
  Object.fromEntries(judgeStages(evidence(given)).map(({ stage, outcome }) => [stage, outcome]))

const passing = STAGES.map((stage) => fact(stage, {}))

describe('a stage', () => {
  for (const [how, [given, outcome]] of Object.entries(ENDS)) {
    test(`with one test that ${how} is ${outcome}`, () => {
      expect(outcomes({ tests: [fact('install', given)] }).install).toBe(outcome)
    })
    test(`with one test that ${how} and one that passed is ${outcome}`, () => {
      expect(outcomes({ tests: [fact('install', {}), fact('install', given)] }).install).toBe(outcome)
    })
  }

  test('does not apply where the run declared so, or where all its tests say so', () => {
    const declared = new Map([['backup', 'no backupbot label'] as const])
    expect(outcomes({ tests: [fact('backup', { state: 'skipped' })], notApplicable: declared }).backup).toBe(
      'not applicable',
    )
    const waived = fact('backup', { state: 'skipped', note: 'not applicable: no backups' })
    expect(outcomes({ tests: [waived, waived] }).backup).toBe('not applicable')
    expect(outcomes({ tests: [waived, fact('backup', {})] }).backup).toBe('unverified')
    expect(outcomes({ tests: [waived, fact('backup', { state: 'skipped' })] }).backup).toBe('unverified')
  })

  test('that does not apply fails all the same when a test of it failed', () => {
    const tests = [fact('backup', { state: 'failed' })]
    expect(outcomes({ tests, notApplicable: new Map([['backup', 'said so']]) }).backup).toBe('fail')
  })

  test('without tests is unverified, but custom does not apply', () => {
    expect(outcomes({})).toEqual({
      install: 'unverified',
      upgrade: 'unverified',
      backup: 'unverified',
      custom: 'not applicable',
      'recipe-local': 'unverified',
    })
  })

  test("of the recipe's own tests is blocked by any failure, and must say for itself that it does not apply", () => {
    const gone = fact('custom', { state: 'failed', errors: [{ name: 'E', message: 'x', blame: 'infrastructure' }] })
    expect(outcomes({ tests: [gone] })).toMatchObject({ custom: 'unverified', 'recipe-local': 'blocked' })
    const tests = passing.filter(({ stage }) => stage !== 'recipe-local')
    expect(outcomes({ tests })['recipe-local']).toBe('unverified')
    const notApplicable = new Map([['recipe-local', 'the recipe ships no tests under tests/']] as const)
    expect(outcomes({ tests, notApplicable })['recipe-local']).toBe('not applicable')
  })

  test('without tests because the file did not load is unverified, custom too', () => {
    const fileErrors = [{ name: 'SyntaxError', message: 'unexpected token' }]
    expect(new Set(Object.values(outcomes({ fileErrors })))).toEqual(new Set(['unverified']))
  })

  test('that was kept from running is unverified, whoever is to blame, although that blocked its other tests', () => {
    const tests = [
      fact('install', {
        state: 'failed',
        errors: [{ name: 'UnknownVersionError', message: 'no 9.9', blame: 'usage' }],
      }),
      fact('install', { state: 'skipped', note: 'blocked: the app could not be deployed' }),
    ]
    const [install] = judgeStages(evidence({ tests }))
    expect(install).toMatchObject({ outcome: 'unverified', blame: 'usage' })
  })

  test('that the run says it could not verify is unverified although its tests passed', () => {
    expect(outcomes({ tests: passing, unverified: new Map([['upgrade', 'no base']]) }).upgrade).toBe('unverified')
  })

  test('after a failed one is blocked although its tests passed, unless it does not apply or failed itself', () => {
    const failed = fact('install', { state: 'failed' })
    expect(outcomes({ tests: [failed, ...passing] })).toEqual({
      install: 'fail',
      upgrade: 'blocked',
      backup: 'blocked',
      custom: 'blocked',
      'recipe-local': 'blocked',
    })
    const mixed = {
      tests: [failed, fact('backup', { state: 'failed' })],
      notApplicable: new Map([['upgrade', 'x']] as const),
    }
    expect(outcomes(mixed)).toEqual({
      install: 'fail',
      upgrade: 'not applicable',
      backup: 'fail',
      custom: 'not applicable',
      'recipe-local': 'blocked',
    })
  })

  test('that was not asked for was not run and blocks nothing, but cannot hide a failure', () => {
    expect(outcomes({ tests: passing, limitedTo: ['custom'] })).toEqual({
      install: 'not run',
      upgrade: 'not run',
      backup: 'not run',
      custom: 'pass',
      'recipe-local': 'not run',
    })
    const tests = [...passing, fact('install', { state: 'failed' })]
    expect(outcomes({ tests, limitedTo: ['custom'] })).toMatchObject({ install: 'fail', custom: 'blocked' })
  })
})

test('no combination of tests lets a stage pass unless all its tests passed and none before it failed', () => {
  const names = Object.keys(ENDS)
  // All five would be a third of a million combinations, and no stage is judged by one after it.
  const some = STAGES.slice(0, 4)
  const ends = (code: number) => some.map((_, stage) => names[Math.floor(code / names.length ** stage) % names.length])
  for (let code = 0; code < names.length ** some.length; code++) {
    const chosen = ends(code)
    const tests = some.map((stage, index) => fact(stage, ENDS[chosen[index] as string]?.[0] ?? {}))
    const judged = judgeStages(evidence({ tests })).slice(0, some.length)
    for (const [index, { outcome }] of judged.entries()) {
      const failedBefore = judged.slice(0, index).some((earlier) => earlier.outcome === 'fail')
      const may = chosen[index] === 'passed' && !failedBefore
      if ((outcome === 'pass') !== may) expect.fail(`${judged[index]?.stage} is ${outcome} for ${chosen.join(' | ')}`)
    }
  }
})

test('a reason names the test and the first line of its error', () => {
  const errors = [{ name: 'AssertionError', message: 'expected 200\n  got 502' }]
  const [install] = judgeStages(evidence({ tests: [fact('install', { name: 'answers', state: 'failed', errors })] }))
  expect(install?.reason).toBe('answers: AssertionError: expected 200')
  expect(judgeTest(fact('custom', { state: 'skipped', note: 'blocked: install failed' }))).toEqual({
    outcome: 'blocked',
    reason: 'install failed',
  })
})
