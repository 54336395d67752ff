import { expect, test } from 'vitest'
import type { RunRecord } from '../../run/record.ts'
import { mustBePromotable, objections } from './promotable.ts'

const green = {
  id: 'run-1',
  recipe: 'sample',
  state: 'finished',
  verdict: 'green',
  mode: 'cold',
  version: '1.1.0+1',
  commit: 'c2',
  teardown: { clean: true, left: [], durationMs: 1 },
} as unknown as RunRecord

const published = [
  { text: '1.0.0+1', tag: '1.0.0+1', commit: 'c1' },
  { text: '1.1.0+1', tag: '1.1.0+1', commit: 'c2' },
] as Parameters<typeof mustBePromotable>[1]['published']

const check =
  (record: RunRecord, canonical = true) =>
  () =>
    mustBePromotable(record, { published }, { canonical })

test('a green, cold, whole run of the latest version of an enrolled recipe may be promoted', () => {
  expect(check(green)).not.toThrow()
})

test.for<[string, Partial<RunRecord>]>([
  ['its verdict is red', { verdict: 'red' }],
  ['its verdict is interrupted', { verdict: 'interrupted' }],
  ['it is running', { state: 'running' }],
  ['it was a quick run', { mode: 'quick' as never }],
  ['it was limited to install', { limitedTo: ['install'] }],
  ['its teardown was not clean', { teardown: { clean: false, left: ['volume x'], durationMs: 1 } }],
  ['its teardown was not clean', { teardown: undefined }],
  ['its teardown was not clean', { kept: { until: '', url: '', stack: '' } }],
])('“%s” speaks against a run', ([text, change]) => {
  const record = { ...green, ...change } as RunRecord
  expect(objections(record).join()).toContain(text)
  expect(check(record)).toThrow(text)
})

test('so do another version than the latest, and a recipe that is not enrolled', () => {
  expect(check({ ...green, version: '1.0.0+1', commit: 'c1' })).toThrow(
    'it tested 1.0.0+1 at c1, and the latest published version is 1.1.0+1',
  )
  // A commit that only has the label of the latest version.
  expect(check({ ...green, commit: 'c3' })).toThrow('it tested 1.1.0+1 at c3')
  expect(check(green, false)).toThrow('the recipe is not enrolled')
})
