import { randomBytes } from 'node:crypto'
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  canonicalPlace,
  leaseFolder,
  listCanonicals,
  loadSettings,
  readSnapshot,
  removeStack,
  type Settings,
} from '@cc-ci/harness'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestHost } from '../cli/test-host.ts'
import { sweepRecord } from './record.ts'
import { RUN_MAIN } from './run-child.ts'
import { TestRoot } from './test-root.ts'

// A sweep with the real Keycloak among the enrolled, beside one that is red. It goes by another name, so that the canonical of
// this host's own is left alone; leases of its own, since a sweep is skipped while anything runs.

const hex = randomBytes(3).toString('hex')
const [keycloak, broken] = [`kc-${hex}`, `broken-${hex}`]

const OPTIONS = `{
  canonical: true,
  health: { path: '/realms/master', statuses: [200] },
  timeouts: { deploy: 900, http: 900 },
}`

const SUITE = `
import { expect, test } from '@cc-ci/fixtures'
test('knows its own realm', { tags: ['install'] }, async ({ deployedApp }) => {
  expect((await deployedApp.http.get('/realms/master')).json()).toMatchObject({ realm: 'master' })
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
  settings = await loadSettings({ env: { ...process.env, ...environment() } })
  const samples = (await loadSettings()).recipeSources[0] ?? ''
  cpSync(join(samples, 'keycloak'), join(own.sources, keycloak), { recursive: true })
  cpSync(join(samples, 'no-image'), join(own.sources, broken), { recursive: true })
  own.suite(keycloak, OPTIONS, SUITE)
})
afterAll(async () => {
  for (const recipe of settings ? [keycloak, broken] : []) {
    await removeStack(host.docker, canonicalPlace(recipe, settings).stack, { timeoutMs: 60_000 })
  }
  own?.[Symbol.dispose]()
  host?.[Symbol.dispose]()
})

const environment = (): Record<string, string> => ({
  CCCI_STATE_DIR: host.stateDir,
  CCCI_LEASE_DIR: join(own.folder, 'leases'),
  CCCI_RECIPE_SOURCES: own.sources,
  CCCI_SWEEP_RECIPES: broken,
  CCCI_CAPACITY: '2',
})

test('the green Keycloak becomes the known-good, with its data, and the red recipe gets none', {
  timeout: 1_500_000,
}, async () => {
  const end = await execa(process.execPath, [RUN_MAIN, own.root, 'sweep', '--json', '--no-reconcile'], {
    env: { ...environment(), NO_COLOR: '1', FORCE_COLOR: undefined },
    reject: false,
    stdin: 'ignore',
    all: true,
  })
  expect(end.exitCode, end.all).toBe(1)
  const record = sweepRecord.parse(JSON.parse(end.stdout))
  expect(record.recipes, end.all).toMatchObject([
    { recipe: broken, outcome: 'red', level: 0 },
    { recipe: keycloak, version: '10.7.1+26.4.7', outcome: 'green', level: 5, promotion: { outcome: 'promoted' } },
  ])
  const canonicals = listCanonicals(settings, await leaseFolder(host.docker, settings))
  expect(canonicals).toMatchObject([{ state: { is: 'idle' }, entry: { recipe: keycloak, version: '10.7.1+26.4.7' } }])
  // The database is in it: MariaDB's own files alone take more than that.
  const volumes = readSnapshot(host.stateDir, canonicals[0]?.name ?? '')?.volumes ?? []
  expect(volumes.reduce((sum, { size }) => sum + size, 0)).toBeGreaterThan(1_000_000)
  const text = readFileSync(join(host.stateDir, 'sweeps', record.id, 'summary.txt'), 'utf8')
  expect(text).toContain('red: 1 of 2 recipes green, 1 promoted')
})
