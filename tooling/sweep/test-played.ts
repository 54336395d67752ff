import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { TestRoot } from './test-root.ts'

/** What a run of the recipe `endless` says when nothing will end it but a signal. */
export const ENDLESS = 'waiting for ever'

/** Each project is told of its run as the real ones are. */
const CONFIG = `
const { CCCI_RUN_ID: runId, CCCI_RECIPE: recipe, CCCI_REF: ref, CCCI_STATE_DIR } = process.env
const ccci = { runId, runDir: CCCI_STATE_DIR + '/runs/' + runId, recipe, ref, pr: process.env.CCCI_PR }
const tags = ['install', 'upgrade', 'backup', 'custom', 'recipe-local'].map((name) => ({ name }))
const project = (name) => ({ test: { name, root: 'packages/recipes/' + name, tags, provide: { ccci } } })
export default { test: { projects: ['played', 'generic'].map(project) } }
`

const SUITE = `
import { openJournal } from '@cc-ci/harness'
import { afterAll, inject, test } from 'vitest'
const run = inject('ccci')
const journal = openJournal(run.runDir + '/journal.jsonl')
journal.write({
  event: 'subject', recipe: run.recipe, version: '1.0.0+1', commit: 'c0ffee', ref: run.ref, domain: 'd', stack: 's',
  plan: 'full', quirks: [], customisation: {},
})
journal.write({ event: 'lint', report: { durationMs: 12, rules: [] } })
journal.write({ event: 'not-applicable', stage: 'recipe-local', reason: 'the recipe ships no tests under tests/' })
afterAll(() => {
  journal.write({ event: 'deployments', counted: 0, planned: 0 })
  journal.write({ event: 'teardown', clean: true, left: [], durationMs: 1 })
})
test('installs', { tags: ['install'] }, async () => {
  if (run.pr) throw new Error('this is nobody’s pull request')
  if (run.recipe === 'red') throw new Error('does not start')
  if (run.recipe !== 'endless') return
  journal.write({ event: 'step', text: '${ENDLESS}' })
  await new Promise(() => {})
})
for (const stage of ['upgrade', 'backup']) test(stage + 's', { tags: [stage] }, () => {})
test('works', { tags: ['custom'] }, () => {})
`

/** Gives a checkout a suite that plays the app, for recipes of these names: nothing is deployed, all else is real. */
export function played(own: TestRoot, ...recipes: string[]): void {
  own.write('vitest.config.ts', CONFIG)
  own.write('packages/recipes/generic/generic.test.ts', SUITE)
  own.suite('played', '{}')
  for (const name of recipes) mkdirSync(join(own.sources, name, '.git'), { recursive: true })
}
