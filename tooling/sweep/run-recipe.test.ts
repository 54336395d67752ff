import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { assembleRecord, newRunId, RUN_FILES, readRecord, runDir, saveRecord } from '@cc-ci/harness'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { RunEnd } from './course.ts'
import { ChildPool } from './pool.ts'
import { runRecipe } from './run-recipe.ts'
import { ENDLESS, played } from './test-played.ts'
import { TestRoot } from './test-root.ts'

// The real command line and the real Vitest, in the threads of a sweep; the suites play the app.

let own: TestRoot
beforeAll(() => {
  own = new TestRoot()
  played(own, 'green', 'red', 'endless')
  vi.stubEnv('CCCI_STATE_DIR', stateDir())
  vi.stubEnv('CCCI_RECIPE_SOURCES', own.sources)
  // What a sweep was started with is not for its runs.
  vi.stubEnv('CCCI_STAGES', 'install')
  vi.stubEnv('CCCI_PR', '12')
  mkdirSync(stateDir())
})
afterAll(() => {
  vi.unstubAllEnvs()
  own[Symbol.dispose]()
})

const stateDir = () => join(own.folder, 'state')

function run(pool: ChildPool, recipe: string, runId = newRunId(recipe)): Promise<RunEnd> {
  const settings = { stateDir: stateDir() }
  return runRecipe({ pool, root: own.root, settings, folder: own.folder, recipe: { recipe, runId }, tag: '1.0.0+1' })
}

const journalOf = (runId: string): string => {
  const file = join(runDir(stateDir(), runId), RUN_FILES.journal)
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

test('each run ends as its record says, whole, at the version that was asked for', { timeout: 60_000 }, async () => {
  await using pool = new ChildPool(2)
  const runId = newRunId('green')
  const ends = await Promise.all([run(pool, 'green', runId), run(pool, 'red')])
  expect(ends).toMatchObject([
    { outcome: 'green', level: 5, log: 'green.log' },
    { outcome: 'red', level: 0, why: expect.arrayContaining([expect.stringContaining('does not start')]) },
  ])
  const record = readRecord(runDir(stateDir(), runId))
  expect(record).toMatchObject({ id: runId, ref: '1.0.0+1', verdict: 'green' })
  expect(record).not.toHaveProperty('limitedTo')
  expect(record).not.toHaveProperty('pr')
  expect(readFileSync(join(own.folder, 'green.log'), 'utf8')).toContain('✓ installs')
})

test.each([
  ['green, and it ends with 0', { verdict: 'green' }, 0, { outcome: 'green' }],
  ['green, and it ends otherwise', { verdict: 'green' }, 3, { outcome: 'failed' }],
  ['red by the recipe', { verdict: 'red', blame: 'recipe', problems: ['x'] }, 1, { outcome: 'red', why: ['x'] }],
  ['red by Docker', { verdict: 'red', blame: 'infrastructure', problems: ['x'] }, 3, { outcome: 'failed', why: ['x'] }],
  ['interrupted by the sweep', { verdict: 'interrupted', state: 'interrupted' }, 143, { outcome: 'interrupted' }],
  ['interrupted by somebody else', { verdict: 'interrupted', state: 'interrupted' }, 3, { outcome: 'failed' }],
  [
    'cut off',
    { state: 'running' },
    3,
    { outcome: 'failed', why: [expect.stringContaining('cut off'), expect.anything()] },
  ],
] as const)('a record says: %s', async (_, given, exitCode, expected) => {
  const runId = newRunId('said')
  const settings = { stateDir: stateDir() }
  const pool = {
    async run() {
      const seen = { tests: [], fileErrors: [], unhandledErrors: [], journal: [] }
      const record = assembleRecord({ id: runId, recipe: 'said', state: 'finished', startedAt: 0, ...seen })
      mkdirSync(runDir(stateDir(), runId), { recursive: true })
      saveRecord(runDir(stateDir(), runId), { ...record, problems: [], verdict: undefined, ...given } as never)
      return { exitCode, signal: undefined }
    },
  }
  const where = { root: own.root, settings, folder: own.folder, recipe: { recipe: 'said', runId }, tag: '1.0.0+1' }
  expect(await runRecipe({ pool, ...where })).toMatchObject(expected)
})

test('a run that cannot begin is a failed one, with what it said', { timeout: 40_000 }, async () => {
  await using pool = new ChildPool(1)
  expect(await run(pool, 'nowhere')).toMatchObject({
    outcome: 'failed',
    why: [expect.stringMatching(/^it ended before it had begun \(exit code 2\): There is no recipe "nowhere"/)],
  })
})

test('a signal ends the runs in order, and those that wait do not begin', { timeout: 60_000 }, async () => {
  await using pool = new ChildPool(1)
  const [first, second] = [newRunId('endless'), newRunId('endless')]
  const ends = Promise.all([run(pool, 'endless', first), run(pool, 'endless', second)])
  await vi.waitFor(() => expect(journalOf(first)).toContain(ENDLESS), { timeout: 30_000 })
  pool.kill('SIGTERM')
  expect((await ends).map(({ outcome }) => outcome)).toEqual(['interrupted', 'not run'])
  expect(readRecord(runDir(stateDir(), first))).toMatchObject({ state: 'interrupted', teardown: { clean: true } })
  expect(existsSync(runDir(stateDir(), second))).toBe(false)
})
