import { describe, expect, test } from 'vitest'
import { levelOf, RUNGS, type Rung } from './level.ts'
import type { StageOutcome } from './stages.ts'

const OUTCOMES: StageOutcome[] = ['pass', 'fail', 'blocked', 'not applicable', 'unverified', 'not run']

/** Every way the five rungs can come out. */
function* everyLadder(): Generator<StageOutcome[]> {
  for (let code = 0; code < OUTCOMES.length ** RUNGS.length; code++) {
    yield RUNGS.map((_, rung) => OUTCOMES[Math.floor(code / OUTCOMES.length ** rung) % OUTCOMES.length] as StageOutcome)
  }
}

const ladder = (outcomes: StageOutcome[]) =>
  Object.fromEntries(RUNGS.map((rung, index) => [rung, outcomes[index]])) as Record<Rung, StageOutcome>

describe('the level', () => {
  test('is the highest rung passed with every rung below it passed or not applicable, in all 7776 cases', () => {
    let cases = 0
    for (const outcomes of everyLadder()) {
      const earned = RUNGS.map((_, index) => index + 1).filter(
        (height) =>
          outcomes[height - 1] === 'pass' &&
          outcomes.slice(0, height).every((outcome) => outcome === 'pass' || outcome === 'not applicable'),
      )
      if (levelOf(ladder(outcomes)) !== Math.max(0, ...earned)) expect.fail(`wrong level for ${outcomes.join(', ')}`)
      cases++
    }
    expect(cases).toBe(7776)
  })

  test.each<[number, Partial<Record<Rung, StageOutcome>>, string]>([
    [0, {}, 'nothing was run'],
    [4, { install: 'pass', upgrade: 'pass', backup: 'pass', custom: 'pass' }, 'lint was not run'],
    [5, { install: 'pass', upgrade: 'pass', backup: 'pass', custom: 'pass', lint: 'pass' }, 'all passed'],
    [1, { install: 'pass', upgrade: 'fail', backup: 'pass', custom: 'pass' }, 'a failed rung ends it'],
    [1, { install: 'pass', upgrade: 'unverified', backup: 'pass' }, 'an unverified rung ends it'],
    [
      3,
      { install: 'pass', upgrade: 'not applicable', backup: 'pass', custom: 'not run' },
      'a rung that does not apply is stepped over',
    ],
    [1, { install: 'pass', upgrade: 'not applicable', backup: 'not applicable' }, 'but it is not earned'],
    [0, { install: 'not run', custom: 'pass' }, 'a run limited to a high rung earns nothing'],
  ])('is %i for %o: %s', (level, outcomes) => {
    expect(levelOf(outcomes)).toBe(level)
  })
})
