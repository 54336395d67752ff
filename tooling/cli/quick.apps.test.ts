import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  administratorOf,
  assembleRecord,
  canonicalPlace,
  describeResidue,
  findCanonical,
  type JournalEvent,
  leaseFolder,
  loadOptions,
  loadSettings,
  openJournal,
  openRunCanonical,
  promote,
  type RunRecord,
  removeStack,
  residueOf,
  run,
  Scope,
} from '@cc-ci/harness'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestHost } from './test-host.ts'

// A canonical of the real Keycloak with its database, in a state directory of this file's own.

const VERSION = '10.7.1+26.4.7'
const OPTIONS = join(import.meta.dirname, '../../packages/recipes/keycloak/recipe.ts')
/** Each of these brings a Keycloak up at least once, on a machine that may be busy. */
const LONG_MS = 900_000
/** A Keycloak that has just come up compiles what it is asked for. */
const REQUEST_MS = 120_000

let host: TestHost
let folder: string
let recipe: string

const git = async (...args: string[]): Promise<string> =>
  (await run('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], { cwd: recipe })).stdout.trim()

/** A branch whose Keycloak is started by another script. */
async function branch(name: string, first: string): Promise<void> {
  await git('checkout', '--quiet', '-b', name, VERSION)
  const edit = (file: string, change: (text: string) => string) =>
    writeFileSync(join(recipe, file), change(readFileSync(join(recipe, file), 'utf8')))
  edit('entrypoint.sh.tmpl', (text) => text.replace('set -euo pipefail', `set -euo pipefail\n${first}`))
  edit('abra.sh', (text) => text.replace(/ENTRYPOINT_VERSION=\w+/, `ENTRYPOINT_VERSION=${name}`))
  await git('commit', '--quiet', '--all', '-m', name)
}

function greenRecord(commit: string): RunRecord {
  const events: JournalEvent[] = [{ event: 'teardown', clean: true, left: [], durationMs: 1 }]
  const at = Date.now()
  const journal = events.map((event) => ({ at, ...event }))
  const none = { tests: [], fileErrors: [], unhandledErrors: [] }
  const made = assembleRecord({
    id: 'made-by-a-test',
    recipe: 'keycloak',
    state: 'finished',
    startedAt: at,
    ...none,
    journal,
  })
  return { ...made, verdict: 'green', version: VERSION, commit }
}

const place = () => canonicalPlace('keycloak', host.settings)
const state = async () => findCanonical(host.settings, place().name, await leaseFolder(host.docker, host.settings))

/** What of the canonical must not change. */
const known = async () => ({
  state: await state(),
  manifest: readFileSync(join(place().folder, 'snapshot', 'manifest.json'), 'utf8'),
  docker: describeResidue(await residueOf(host.docker, place().stack)),
})

beforeAll(async () => {
  host = await TestHost.open()
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'ccci-quick-')))
  recipe = join(folder, 'keycloak')
  const [source = ''] = (await loadSettings()).recipeSources
  await run('git', ['clone', '--quiet', join(source, 'keycloak'), recipe])
  await branch('good', '# another start script')
  await branch('bad', 'exit 1')
  const { docker } = host
  const settings = { ...host.settings, capacity: 64 }
  const options = await loadOptions(OPTIONS)
  const record = greenRecord(await git('rev-parse', `${VERSION}^{commit}`))
  await promote({ docker, settings, record, origin: recipe, options })
}, LONG_MS)
afterAll(async () => {
  await removeStack(host.docker, place().stack, { timeoutMs: 120_000 })
  host[Symbol.dispose]()
  rmSync(folder, { recursive: true, force: true })
})

test('the canonical of a Keycloak comes back with its database, and without what a test put there', {
  timeout: LONG_MS,
}, async () => {
  const before = await known()
  expect(before.state).toMatchObject({ state: { is: 'idle' }, entry: { version: VERSION, domain: place().domain } })
  const { docker, settings } = host
  const options = await loadOptions(OPTIONS)
  const name = `user-${randomBytes(3).toString('hex')}`
  /** Attaches it, sees that its administrator gets in and that it has no such user, and makes one if that is wanted. */
  const use = async (makes: boolean) => {
    const runId = `run-${randomBytes(3).toString('hex')}`
    const scope = new Scope({ folder: join(folder, runId), teardownTimeoutMs: 120_000 })
    const held = new DisposableStack()
    try {
      const journal = openJournal(join(folder, `${runId}.jsonl`))
      const hold = (lease: Disposable) => void held.use(lease)
      const where = { docker, settings, scope, journal, runId, recipe: 'keycloak', origin: recipe, options, hold }
      const { http } = (await openRunCanonical(where)).lifecycle.app
      const { username, password } = await administratorOf(docker, place().domain)
      const form = new URLSearchParams({ grant_type: 'password', client_id: 'admin-cli', username, password })
      const asked = { headers: { 'content-type': 'application/x-www-form-urlencoded' }, timeoutMs: REQUEST_MS }
      const token = await http.post('/realms/master/protocol/openid-connect/token', String(form), asked)
      expect(token.status, token.text()).toBe(200)
      const headers = { authorization: `Bearer ${(token.json() as { access_token: string }).access_token}` }
      const users = `/admin/realms/master/users`
      const found = async () =>
        (await http.request(`${users}?username=${name}`, { method: 'GET', headers, timeoutMs: REQUEST_MS })).json()
      expect(await found()).toEqual([])
      if (!makes) return
      await http.request(users, { method: 'POST', headers, body: { username: name }, timeoutMs: REQUEST_MS })
      expect(await found()).toMatchObject([{ username: name }])
    } finally {
      await scope.close().finally(() => held.dispose())
    }
  }
  await use(true)
  expect(await known()).toEqual(before)
  await use(false)
  expect(await known()).toEqual(before)
})

test('a quick run that passes leaves it as it was', { timeout: LONG_MS }, async () => {
  const before = await known()
  const good = await host.cli(['run', recipe, '--quick', '--ref', 'good'])
  expect(good.record, good.all).toMatchObject({
    verdict: 'green',
    mode: 'quick',
    domain: place().domain,
    upgrades: [{ from: VERSION, completed: true }],
    deployments: { counted: 0, planned: 0 },
    teardown: { clean: true },
  })
  expect(await known()).toEqual(before)
})

test('a quick run that fails leaves it as it was', { timeout: LONG_MS }, async () => {
  const before = await known()
  const bad = await host.cli(['run', recipe, '--quick', '--ref', 'bad'])
  expect(bad.record, bad.all).toMatchObject({
    verdict: 'red',
    mode: 'quick',
    blame: 'recipe',
    teardown: { clean: true },
  })
  expect(await known()).toEqual(before)
})
