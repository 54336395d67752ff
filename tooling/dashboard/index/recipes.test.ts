import { describe, expect, test } from 'vitest'
import { type Different, sampleRecord } from '../sample/record.ts'
import { estimateOf, standingOf } from './recipes.ts'
import { type RunSummary, summaryOf } from './summary.ts'

let minute = 0
const run = (different: Partial<Different>): RunSummary => {
  minute += 1
  const startedAt = new Date(Date.UTC(2026, 0, 30, 10, minute)).toISOString()
  const summary = summaryOf(sampleRecord({ recipe: 'demo', startedAt, ...different }))
  if (!summary) throw new Error('the sample is no record')
  return summary
}

const red = { verdict: 'red', blame: 'recipe' } as const

describe('the run that a recipe stands by', () => {
  test('is the newest that says something about the recipe', () => {
    const failed = run(red)
    const others = [
      run({ ...red, blame: 'infrastructure' }),
      run({ state: 'interrupted', verdict: 'interrupted' }),
      run({ state: 'running' }),
      run({ ...red, blame: 'usage' }),
    ]
    expect(standingOf([...others, failed, run({})])).toBe(failed)
    expect(standingOf(others)).toBeUndefined()
  })

  test('is whole, cold and of no pull request, if there is such a one', () => {
    const published = run({})
    const ofPr = run({ ...red, pr: '7' })
    const partial = run({ ...red, limitedTo: ['install'] })
    const quick = run({ mode: 'quick' })
    expect(standingOf([quick, partial, ofPr, published])).toBe(published)
    expect(standingOf([quick, partial, ofPr])).toBe(ofPr)
    expect(standingOf([quick, partial])).toBe(partial)
    expect(standingOf([quick])).toBe(quick)
  })
})

describe('how long a run will take', () => {
  const green = (durationMs: number, different: Partial<Different> = {}) => run({ durationMs, ...different })

  test('is the median of the last green ones of its kind', () => {
    const now = run({ state: 'running' })
    const earlier = [
      green(30),
      green(10),
      green(20),
      green(1, { mode: 'quick' }),
      run({ ...red, durationMs: 1 }),
      green(1, { plan: 'single' }),
      green(1, { limitedTo: ['install'] }),
    ]
    expect(estimateOf(now, [now, ...earlier])).toBe(20)
    expect(estimateOf(run({ state: 'running', limitedTo: ['install'] }), earlier)).toBe(1)
  })

  test('goes by another plan where there is nothing else, and by nothing where there is nothing', () => {
    const now = run({ state: 'running', plan: 'single' })
    expect(estimateOf(now, [green(30)])).toBe(30)
    expect(estimateOf(now, [run({ ...red, durationMs: 5 })])).toBeUndefined()
  })
})
