import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type Docker from 'dockerode'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { AppHttp } from '../app/http.ts'
import { describeResidue, residueOf } from '../app/residue.ts'
import { connectSwarm } from '../docker/connect.ts'
import { secrets } from '../redact/secrets.ts'
import { capacityInUse } from '../run/capacity-queue.ts'
import { type JournalLine, openJournal, readJournal } from '../run/journal.ts'
import { scopesDir } from '../run/store.ts'
import { keep } from '../scope/kept.ts'
import { realmKind } from '../scope/kinds.ts'
import { leaseFolder } from '../scope/lease-folder.ts'
import { Scope } from '../scope/scope.ts'
import { holderProcess } from '../scope/test-holder.ts'
import { loadSettings } from '../settings/load.ts'
import type { Settings } from '../settings/schema.ts'
import { keycloakFile } from './access.ts'
import { KeycloakAdmin, KeycloakRefusedError } from './admin.ts'
import { coldKeycloakDomain } from './instance.ts'
import { hexOf, MasterRealmError, realmLease } from './names.ts'
import { findWarmKeycloak, type WarmKeycloak } from './provider.ts'
import { NoTokenError, planRealm, type Realm, representationOf, signingKey } from './realm.ts'
import { reapRealms } from './reaper.ts'
import { rehearseRealms } from './rehearsal.ts'
import { removeRealm } from './remove.ts'
import { NoKeycloakError, openRunRealm } from './run-realm.ts'

// On the warm Keycloak itself, with leases and a state directory that no other run has.

let docker: Docker
let settings: Settings
let leases: string
let warm: WarmKeycloak
let admin: KeycloakAdmin
let root: string
let clean: AsyncDisposableStack

beforeEach(async () => {
  clean = new AsyncDisposableStack()
  root = mkdtempSync(join(tmpdir(), 'ccci-keycloak-'))
  clean.defer(() => rmSync(root, { recursive: true, force: true }))
  const host = await loadSettings()
  settings = {
    ...host,
    keycloakFile: keycloakFile(host),
    stateDir: join(root, 'state'),
    leaseDir: join(root, 'leases'),
  }
  docker = await connectSwarm(settings.dockerHost)
  leases = await leaseFolder(docker, settings)
  const found = await findWarmKeycloak(settings)
  if (typeof found === 'string') throw new Error(`npm run dev-host -- up --with keycloak: ${found}`)
  warm = clean.use(found)
  admin = warm.admin
})

afterEach(() => clean.disposeAsync())

interface Opened {
  realm: Realm
  scope: Scope
  /** What the operating system does when the process dies. */
  loseLeases(): void
  journal(): JournalLine[]
}

/** A run that has asked for its realm. */
async function open(runId = `test-${randomBytes(4).toString('hex')}`, change: Partial<Settings> = {}): Promise<Opened> {
  const scope = new Scope({ folder: join(scopesDir(settings.stateDir), runId), teardownTimeoutMs: 60_000 })
  clean.defer(() => scope.close())
  const held = new DisposableStack()
  clean.defer(() => held.dispose())
  const journal = openJournal(join(root, `${runId}.jsonl`))
  const realm = await openRunRealm({
    docker,
    settings: { ...settings, ...change },
    scope,
    journal,
    runId,
    recipe: 'custom-html',
    appUrl: 'https://cust-0a1b2c.ci.localhost',
    hold: (lease) => void held.use(lease),
  })
  return { realm, scope, loseLeases: () => held.dispose(), journal: () => readJournal(journal.file) }
}

/** A realm that somebody has left, by the leases in a folder. */
async function leave(name: string, where = leases): Promise<string> {
  const realm = planRealm({ name, url: admin.access.url, reach: warm.reach, cold: false })
  const owner = { runId: 'dead-run', leases: where, appUrl: 'https://cust-0a1b2c.ci.localhost' }
  await admin.create(representationOf(realm, owner, await signingKey()))
  clean.defer(() => admin.remove(name))
  return name
}

const reap = () => reapRealms({ admin, leases, scopes: scopesDir(settings.stateDir) })

const hex = () => randomBytes(3).toString('hex')

test('a realm has a client and a user who gets tokens, and is gone with its scope', async () => {
  const { realm, scope } = await open()
  expect(realm.name).toMatch(/^custom-html-[0-9a-f]{6}$/)
  const { accessToken, idToken } = await realm.token()
  const claims = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString('utf8'))
  expect(claims).toMatchObject({ iss: realm.issuer, azp: realm.client.id, typ: 'Bearer', email: realm.user.email })
  expect(claims.exp * 1000).toBeGreaterThan(Date.now())

  await using http = new AppHttp({ origin: realm.url, ...warm.reach })
  const discovered = (await http.get(`${realm.issuer}/.well-known/openid-configuration`)).json()
  expect(discovered).toMatchObject({
    issuer: realm.issuer,
    token_endpoint: realm.tokenEndpoint,
    authorization_endpoint: realm.authorizationEndpoint,
    userinfo_endpoint: realm.userinfoEndpoint,
  })
  const headers = { authorization: `Bearer ${accessToken}` }
  expect((await http.get(realm.userinfoEndpoint, { headers })).json()).toMatchObject({ email: realm.user.email })

  for (const secret of [realm.client.secret, realm.user.password, accessToken, idToken, admin.access.password]) {
    expect(secrets.text(`it is ${secret}!`)).not.toContain(secret)
  }

  await scope.close()
  expect((await http.get(realm.issuer)).status).toBe(404)
  await expect(realm.token()).rejects.toThrow(NoTokenError)
  expect(await admin.realms()).not.toContain(realm.name)
})

test('runs at the same time have a realm each, and none is touched by the other', async () => {
  const [one, other] = await Promise.all([open(), open()])
  expect(one.realm.name).not.toBe(other.realm.name)
  const swapped = { ...one.realm.client, secret: other.realm.client.secret }
  await using http = new AppHttp({ origin: one.realm.url, ...warm.reach })
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: swapped.id,
    client_secret: swapped.secret,
  })
  const sent = { headers: { 'content-type': 'application/x-www-form-urlencoded' } }
  expect((await http.post(one.realm.tokenEndpoint, String(form), sent)).status).toBe(401)
  await one.scope.close()
  one.loseLeases()
  expect(await reap()).toEqual([])
  expect((await other.realm.token()).accessToken).toMatch(/^[^.]+\.[^.]+\.[^.]+$/)
})

test('an administrator goes on with a session while it holds, and logs in again when it does not', async () => {
  const access = { ...admin.access, password: 'not the password' }
  await using again = await KeycloakAdmin.open(access, warm.reach, admin.session)
  expect(await again.realms()).toContain('master')
  await expect(KeycloakAdmin.open(access, warm.reach, 'not a session')).rejects.toThrow(KeycloakRefusedError)
  await using anew = await KeycloakAdmin.open(admin.access, warm.reach, 'not a session')
  expect(await anew.realms()).toContain('master')
})

test('a rehearsal leaves nothing', async () => {
  const steps: string[] = []
  await rehearseRealms({ docker, settings, access: admin.access, onStep: (text) => steps.push(text) })
  expect(steps).not.toEqual([])
  expect((await admin.realms()).filter((name) => name.startsWith('rehearsal-'))).toEqual([])
})

describe('of the realms that are there', () => {
  test('one is reaped as soon as its owner is dead, and not before', async () => {
    const name = await leave(`custom-html-${hex()}`)
    const living = await holderProcess(leases, realmLease(hexOf(name) ?? ''), 'live-run')
    try {
      expect(await reap()).toEqual([])
    } finally {
      await living.kill()
    }
    expect(await reap()).toEqual([name])
    expect(await admin.realms()).not.toContain(name)
  })

  test('orphans are reaped when the next run asks for its own, which says so', async () => {
    const dead = await open()
    dead.loseLeases()
    const { realm, journal } = await open()
    const names = await admin.realms()
    expect(names).not.toContain(dead.realm.name)
    expect(names).toContain(realm.name)
    const text = `realms of runs that are gone, deleted now: ${dead.realm.name}`
    expect(journal()).toContainEqual(expect.objectContaining({ event: 'warning', text }))
  })

  test('those of other leases, those of nobody, and that of a kept app stay', async () => {
    const elsewhere = await leave(`custom-html-${hex()}`, '/elsewhere/leases')
    const nobodys = `custom-html-${hex()}`
    await admin.create({ realm: nobodys })
    clean.defer(() => admin.remove(nobodys))
    const kept = await open()
    keep(kept.scope.folder, { until: Date.now() + 60_000 })
    kept.loseLeases()
    expect(await reap()).toEqual([])
    expect(await admin.realms()).toEqual(expect.arrayContaining([elsewhere, nobodys, kept.realm.name, 'master']))
    keep(kept.scope.folder, { until: Date.now() - 1 })
    expect(await reap()).toEqual([kept.realm.name])
  })

  test('master is never deleted, whoever asks', async () => {
    const data = { file: warm.file, realm: 'master', ...warm.reach }
    await expect(admin.remove('master')).rejects.toThrow(MasterRealmError)
    await expect(removeRealm(data)).rejects.toThrow(MasterRealmError)
    await expect(realmKind.down(data, { timeoutMs: 10_000 })).rejects.toThrow(MasterRealmError)
    expect(await admin.realms()).toContain('master')
  })
})

describe('where no warm Keycloak answers', () => {
  // As long as the harness itself waits for an app that takes its time to come up.
  const TIMEOUT_MS = 900_000

  test('one is deployed for the run alone, told, and removed with everything else', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const runId = `test-${randomBytes(4).toString('hex')}`
    const { realm, scope, journal, loseLeases } = await open(runId, { keycloakFile: join(root, 'nowhere.json') })
    const share = { what: 'keycloak for custom-html', weight: 1, state: 'running', runId }
    expect(capacityInUse(join(leases, 'capacity'))).toMatchObject([share])
    expect(realm).toMatchObject({ cold: true, url: `https://${coldKeycloakDomain(runId, settings.baseDomain)}` })
    expect((await realm.token()).expiresIn).toBeGreaterThan(0)
    expect(await admin.realms()).not.toContain(realm.name)
    const told = expect.stringContaining('one was deployed for this run alone, cold')
    expect(journal()).toContainEqual(expect.objectContaining({ event: 'warning', text: told }))
    await scope.close()
    const stack = new URL(realm.url).hostname.replaceAll('.', '_')
    expect(describeResidue(await residueOf(docker, stack))).toEqual([])
    loseLeases()
    expect(capacityInUse(join(leases, 'capacity'))).toEqual([])
  })

  test('and none can be deployed, the error says how to bring one up', async () => {
    const empty = join(root, 'recipes')
    mkdirSync(empty)
    const opening = open(undefined, { keycloakFile: join(root, 'nowhere.json'), recipeSources: [empty] })
    await expect(opening).rejects.toThrow(NoKeycloakError)
    await expect(opening).rejects.toThrow(/npm run dev-host -- up --with keycloak/)
    // Taken before anything was tried, and given back with the run's leases.
    expect(capacityInUse(join(leases, 'capacity'))).toMatchObject([{ what: 'keycloak for custom-html', weight: 1 }])
  })
})
