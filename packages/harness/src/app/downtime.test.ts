import { expect, test } from 'vitest'
import { downtimeOf } from './downtime.ts'

const look = (began: number, ended: number, good: boolean) => ({ began, ended, good })

test.each([
  ['that was never asked for nothing is known', [], { downtimeMs: 0, longestMs: 0, looks: 0, failed: 0 }],
  [
    'that always answered was not down',
    [look(0, 5, true), look(200, 900, true)],
    { downtimeMs: 0, looks: 2, failed: 0 },
  ],
  [
    'is down from the first request without a good answer until the next good answer has come',
    [look(0, 5, true), look(200, 210, false), look(400, 650, false), look(700, 760, true)],
    { downtimeMs: 560, longestMs: 560, looks: 4, failed: 2 },
  ],
  [
    'that is down several times was down for all of it',
    [look(0, 5, false), look(200, 205, true), look(400, 405, false), look(600, 1000, true)],
    { downtimeMs: 805, longestMs: 600, failed: 2 },
  ],
  [
    'that does not come back is down until the last look ended',
    [look(0, 5, true), look(200, 5200, false)],
    { downtimeMs: 5000 },
  ],
])('an app %s', (_, looks, expected) => {
  expect(downtimeOf(looks)).toMatchObject(expected)
})
