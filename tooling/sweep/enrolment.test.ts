import { loadSettings, type Settings } from '@cc-ci/harness'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type EnrolmentRequest, findEnrolled } from './enrolment.ts'
import { snapshotOwners } from './suites.ts'
import { TestRoot } from './test-root.ts'

let own: TestRoot
let settings: Settings
beforeAll(async () => {
  own = new TestRoot()
  const env = { CCCI_STATE_DIR: own.folder, CCCI_RECIPE_SOURCES: own.sources, CCCI_SWEEP_RECIPES: 'listed' }
  settings = await loadSettings({ env, cwd: own.folder })
  const options = (text: string) => ({ 'tests/cc-ci.recipe.ts': `export default ${text}\n` })
  await own.publish('enrolled', '1.0.0+1', {})
  await own.publish('enrolled', '1.1.0+2', {})
  await own.publish('enrolled', '1.0.1+1', {})
  await own.publish('silent', '1.0.0+1', { 'compose.yml': 'version: "3"' })
  await own.publish('listed', '2.0.0+5', {})
  // It ships its options only since its newest version.
  await own.publish('by-itself', '1.0.0+1', { 'compose.yml': 'version: "3"' })
  await own.publish('by-itself', '1.1.0+1', options('{ canonical: true }'))
  await own.publish('withdrawn', '1.0.0+1', options('{ canonical: true }'))
  own.suite('enrolled', '{ canonical: true, weight: 2 }')
  own.suite('silent', '{}')
  own.suite('by-itself', '{}')
  own.suite('withdrawn', '{ canonical: false }')
  own.suite('lost', '{ canonical: true }')
})
afterAll(() => own[Symbol.dispose]())

const find = (changes: Partial<EnrolmentRequest> = {}) =>
  findEnrolled({ root: own.root, settings, canonicals: [], only: [], ...changes })

test('a suite, the recipe itself and the setting enrol; the latest version is by its number', async () => {
  const { enrolled, deEnrolled, unknown } = await find()
  expect(enrolled).toMatchObject([
    { recipe: 'by-itself', enrolledBy: 'recipe', latest: { text: '1.1.0+1' } },
    { recipe: 'enrolled', enrolledBy: 'suite', latest: { text: '1.1.0+2' }, options: { weight: 2, canonical: true } },
    { recipe: 'listed', enrolledBy: 'setting', latest: { text: '2.0.0+5' }, options: { canonical: true } },
    { recipe: 'lost', enrolledBy: 'suite', problem: expect.stringContaining('There is no recipe "lost"') },
  ])
  expect({ deEnrolled, unknown }).toEqual({ deEnrolled: [], unknown: [] })
})

test('what has a canonical and is enrolled by nobody is enrolled no more', async () => {
  const { deEnrolled } = await find({ canonicals: ['silent', 'withdrawn', 'enrolled', 'by-itself'] })
  expect(deEnrolled).toEqual(['silent', 'withdrawn'])
})

test('what cannot be fetched is not known to be enrolled no more', async () => {
  const { deEnrolled, unknown } = await find({ canonicals: ['vanished'] })
  expect(deEnrolled).toEqual([])
  expect(unknown).toEqual([{ recipe: 'vanished', why: expect.stringContaining('There is no recipe "vanished"') }])
})

test('a recipe.ts that cannot be read costs nobody a canonical', async () => {
  own.suite('torn', '{ canonicl: true }')
  try {
    expect((await find()).unknown).toMatchObject([{ recipe: 'torn', why: expect.stringContaining('"canonicl"') }])
    const { enrolled, deEnrolled } = await find({ canonicals: ['torn'] })
    expect(deEnrolled).toEqual([])
    expect(enrolled.find(({ recipe }) => recipe === 'torn')?.problem).toContain('"canonicl"')
    expect((await snapshotOwners(own.root, settings)).enrolled).toEqual(new Set(['enrolled', 'lost', 'torn', 'listed']))
  } finally {
    own.suite('torn', '{}')
  }
})

test('a sweep can be limited to what is enrolled, and to nothing else', async () => {
  const { enrolled } = await find({ only: ['listed'] })
  expect(enrolled.map(({ recipe }) => recipe)).toEqual(['listed'])
  await expect(find({ only: ['enroled'] })).rejects.toThrow('The nearest is "enrolled".')
  await expect(find({ only: ['silent'] })).rejects.toThrow('The recipe "silent" is not enrolled')
})
