import { expect, test } from 'vitest'
import { makespan } from './estimate.ts'

const load = (durationMs: number, weight = 1) => ({ durationMs, weight })

test.each([
  ['nothing', [], 2, 0],
  ['one after the other', [load(10), load(20)], 1, 30],
  ['side by side', [load(10), load(20), load(15)], 2, 25],
  ['a heavy one waits for room, and is not overtaken', [load(10), load(10, 2), load(1)], 2, 21],
  ['one that weighs more than there is takes all', [load(10), load(10, 9)], 2, 20],
])('%s', (_, loads, capacity, expected) => {
  expect(makespan(loads, capacity)).toBe(expected)
})
