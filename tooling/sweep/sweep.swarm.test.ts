import { randomBytes } from 'node:crypto'
import { cpSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  assembleRecord,
  canonicalPlace,
  describeResidue,
  leaseFolder,
  listAlerts,
  listCanonicals,
  loadSettings,
  promote,
  type RunRecord,
  removeStack,
  residueOf,
  type Settings,
  tryLease,
} from '@cc-ci/harness'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestHost } from '../cli/test-host.ts'
import { SWEEP_LEASE } from './active.ts'
import type { Outlook } from './outlook.ts'
import { type SweepRecord, sweepRecord } from './record.ts'
import { RUN_MAIN } from './run-child.ts'
import { listSweeps, SWEEP_FILES, sweepDir } from './store.ts'
import { TestRoot } from './test-root.ts'

// A sweep of the real command line over recipes of its own: one whose version is good, one whose new version is broken, one that
// is enrolled no more, and a shared app. Leases of its own, since it is skipped while anything runs on this machine.

const hex = randomBytes(3).toString('hex')
const [good, bad, gone, shared] = [`good-${hex}`, `bad-${hex}`, `gone-${hex}`, `shared-${hex}`]
const ALL = [good, bad, gone, shared]

/** All that a canonical needs; nothing in it has to settle. */
const OPTIONS = { canonical: true, timeouts: { settle: 1 } }

const SUITE = `
import { expect, test } from '@cc-ci/fixtures'
test('serves its page', { tags: ['install'] }, async ({ deployedApp }) => {
  expect((await deployedApp.http.get('/')).status).toBe(200)
})
for (const stage of ['upgrade', 'backup']) {
  test('is left out by the test: ' + stage, { tags: [stage] }, ({ skip }) => skip('not applicable: not the point here'))
}
`

let host: TestHost
let own: TestRoot
let settings: Settings
beforeAll(async () => {
  host = await TestHost.open()
  own = new TestRoot()
  const env = { ...process.env, ...environment() }
  settings = await loadSettings({ env })
  const samples = (await loadSettings()).recipeSources[0] ?? ''
  for (const recipe of ALL) cpSync(join(samples, 'custom-html'), join(own.sources, recipe), { recursive: true })
  own.suite(good, `{ canonical: true, timeouts: { settle: 1 } }`, SUITE)
  await Promise.all([bad, gone].map((recipe) => makeCanonical(recipe)))
  const compose = readFileSync(join(own.sources, bad, 'compose.yml'), 'utf8')
  const broken = compose.replace(/^(\s+image:).*$/m, '$1 registry.invalid/no-such-app:1')
  await own.publish(bad, '1.2.0+1.22.1', { 'compose.yml': broken })
})
afterAll(async () => {
  for (const recipe of settings ? ALL : []) {
    await removeStack(host.docker, canonicalPlace(recipe, settings).stack, { timeoutMs: 60_000 })
  }
  own?.[Symbol.dispose]()
  host?.[Symbol.dispose]()
})

const environment = (): Record<string, string> => ({
  CCCI_STATE_DIR: host.stateDir,
  CCCI_LEASE_DIR: join(own.folder, 'leases'),
  CCCI_RECIPE_SOURCES: own.sources,
  CCCI_SWEEP_RECIPES: bad,
  CCCI_SHARED_APPS: `${shared}:stateless`,
  CCCI_CAPACITY: '2',
})

/** Makes the newest version of a recipe its canonical, as a run that has proven it would. */
async function makeCanonical(recipe: string): Promise<void> {
  const { docker } = host
  const { stdout } = await execa('git', ['log', '-1', '--format=%H'], { cwd: join(own.sources, recipe) })
  await promote({ docker, settings, record: greenRun(recipe, '1.1.0+1.22.1', stdout), options: OPTIONS })
}

function greenRun(recipe: string, version: string, commit: string): RunRecord {
  const now = Date.now()
  const at = { at: now }
  return assembleRecord({
    id: `run-${recipe}`,
    recipe,
    state: 'finished',
    startedAt: now,
    endedAt: now,
    tests: (['install', 'upgrade', 'backup', 'custom'] as const).map((stage) => {
      return { name: stage, stage, state: 'passed', durationMs: 1, errors: [] }
    }),
    fileErrors: [],
    unhandledErrors: [],
    journal: [
      {
        ...at,
        ...{ event: 'subject', recipe, version, commit, ref: undefined, base: undefined, domain: '', stack: '' },
        ...{ plan: 'full', quirks: [], customisation: {} },
      },
      { ...at, event: 'lint', report: { durationMs: 1, rules: [] } },
      { ...at, event: 'not-applicable', stage: 'recipe-local', reason: 'none' },
      { ...at, event: 'deployments', counted: 0, planned: 0 },
      { ...at, event: 'teardown', clean: true, left: [], durationMs: 1 },
    ],
  })
}

const sweep = (...args: string[]) =>
  execa(process.execPath, [RUN_MAIN, own.root, 'sweep', '--json', ...args], {
    env: { ...environment(), NO_COLOR: '1', FORCE_COLOR: undefined },
    reject: false,
    stdin: 'ignore',
    all: true,
  })

const leases = () => leaseFolder(host.docker, settings)

async function canonicalOf(recipe: string) {
  return listCanonicals(settings, await leases()).find(({ entry }) => entry?.recipe === recipe)
}

/** A dry run says what would be done with each, and touches nothing. */
async function saysItBefore(): Promise<void> {
  const before = listSweeps(host.stateDir)
  const end = await sweep('--dry-run')
  expect(end.exitCode, end.all).toBe(0)
  const would = JSON.parse(end.stdout) as Outlook
  expect(would).toMatchObject({ active: [], capacity: 2, sharedApps: [shared], deEnrolled: [gone] })
  expect(would.unknown).toEqual([])
  expect(would.recipes).toEqual([
    { recipe: bad, enrolledBy: 'setting', version: '1.2.0+1.22.1', canonical: '1.1.0+1.22.1' },
    { recipe: good, enrolledBy: 'suite', version: '1.1.0+1.22.1' },
  ])
  expect(listSweeps(host.stateDir)).toEqual(before)
}

test('the green is promoted, the red is told of, what is not enrolled is pruned', async () => {
  const before = await canonicalOf(bad)
  await saysItBefore()
  const end = await sweep()
  expect(end.exitCode, end.all).toBe(1)
  const record: SweepRecord = sweepRecord.parse(JSON.parse(end.stdout))
  expect(record).toMatchObject({ state: 'finished', verdict: 'red', capacity: 2, notes: [] })
  expect(record.recipes, end.all).toMatchObject([
    { recipe: bad, version: '1.2.0+1.22.1', outcome: 'red', level: 0 },
    { recipe: good, version: '1.1.0+1.22.1', outcome: 'green', level: 5, promotion: { outcome: 'promoted' } },
  ])
  expect(record.reconciled).toMatchObject([
    { recipe: shared, outcome: 'deployed', version: { version: '1.1.0+1.22.1' }, alerts: [] },
  ])
  // The green one is the known-good of its recipe from now on.
  const promoted = await canonicalOf(good)
  expect(promoted).toMatchObject({
    state: { is: 'idle' },
    entry: { version: '1.1.0+1.22.1', made: { how: 'fresh', runId: record.recipes[1]?.runId } },
  })
  // The red one has not lost its own.
  expect(record.recipes[0]).not.toHaveProperty('promotion')
  expect(await canonicalOf(bad)).toEqual(before)
  expect(before?.entry).toMatchObject({ version: '1.1.0+1.22.1' })
  // Nothing is left of the one that nobody is enrolled for.
  expect(record.removed).toEqual([{ recipe: gone, version: '1.1.0+1.22.1', outcome: 'removed' }])
  expect(await canonicalOf(gone)).toBeUndefined()
  expect(describeResidue(await residueOf(host.docker, canonicalPlace(gone, settings).stack))).toEqual([])
  // One summary, in three forms, and one alert that leads there.
  expect(record.problems.map(({ text }) => text)).toEqual([
    expect.stringMatching(`^${bad} 1\\.2\\.0\\+1\\.22\\.1 is red: `),
  ])
  const folder = sweepDir(host.stateDir, record.id)
  for (const file of Object.values(SWEEP_FILES)) expect(existsSync(join(folder, file)), file).toBe(true)
  expect(readFileSync(join(folder, SWEEP_FILES.text), 'utf8')).toContain(`cc-ci show ${record.recipes[0]?.runId}`)
  const [alert, ...more] = listAlerts(host.stateDir)
  expect(more).toEqual([])
  expect(alert).toMatchObject({ id: record.alert, subject: 'sweep', evidence: join(folder, SWEEP_FILES.text) })
  expect(listSweeps(host.stateDir)[0]).toEqual(record)
})

test.each([
  ['anything runs', 'cust-000000_ci_localhost', 'cust-000000_ci_localhost is live (run somebody, process PID)'],
  ['another sweep is at work', SWEEP_LEASE, 'another sweep is at work (somebody, process PID)'],
])('while %s, it is skipped, with what was seen', async (_, name, seen) => {
  using _held = tryLease(await leases(), name, { runId: 'somebody', pid: process.pid, since: '' })
  const end = await sweep()
  expect(end.exitCode, end.all).toBe(0)
  const skipped = [seen.replace('PID', String(process.pid))]
  const record = JSON.parse(end.stdout) as SweepRecord
  expect(record).toMatchObject({ state: 'skipped', skipped, recipes: [] })
  expect(listSweeps(host.stateDir)).toContainEqual(record)
})
