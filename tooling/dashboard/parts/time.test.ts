import { expect, test } from 'vitest'
import { ago } from './time.ts'

const NOW = Date.parse('2026-01-30T10:00:00.000Z')
const S = 1000
const DAY = 86_400 * S

test.each([
  [0, 'just now'],
  [9 * S, 'just now'],
  [42 * S, '42 s ago'],
  [60 * S, '1 min ago'],
  [59 * 60 * S, '59 min ago'],
  [3 * 3_600 * S, '3 h ago'],
  [DAY, '1 day ago'],
  [13 * DAY, '13 days ago'],
  [14 * DAY, '2 weeks ago'],
  [70 * DAY, '2 months ago'],
  [365 * 3 * DAY, '2 years ago'],
  [-90 * S, 'in 1 min'],
])('%d ms before now is %s', (ms, words) => {
  expect(ago(new Date(NOW - ms).toISOString(), NOW)).toBe(words)
})

test('what is no time is not told as one', () => {
  expect(ago('<b>', NOW)).toBe('just now')
})
