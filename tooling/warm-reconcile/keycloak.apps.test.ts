import { randomBytes } from 'node:crypto'
import { administratorOf, KeycloakAdmin, reachOf } from '@cc-ci/harness'
import { expect, test } from 'vitest'
import type { NextVersion } from './test-recipe.ts'
import { TestSharedApp } from './test-shared-app.ts'

const V1 = '10.7.0+26.4.7'
const V2 = '10.7.1+26.4.7'
const REALM = 'made-before'

/** One Keycloak for all of it: each start of one costs half a minute. */
test('a shared Keycloak, by the command line, with all that can become of an upgrade', {
  timeout: 1_800_000,
}, async () => {
  await using app = await TestSharedApp.open('keycloak', randomBytes(3).toString('hex'))
  const { docker, settings } = app.host

  async function asAdministrator<Value>(work: (admin: KeycloakAdmin) => Promise<Value>): Promise<Value> {
    await using admin = await KeycloakAdmin.open(await administratorOf(docker, app.domain), reachOf(settings))
    return await work(admin)
  }
  const realms = () => asAdministrator(async (admin) => (await admin.realms()).sort())

  await app.recipe.publish(V1)
  const first = await app.reconcile()
  expect(first.result, first.all).toMatchObject({ outcome: 'deployed', version: { version: V1 } })
  expect(first.exitCode).toBe(0)
  await asAdministrator((admin) => admin.create({ realm: REALM, enabled: true }))
  expect(await realms()).toEqual([REALM, 'master'])

  // It is well and there is nothing newer: nothing is restarted.
  const standing = await app.standing()
  expect(await app.reconcile()).toMatchObject({ exitCode: 0, result: { outcome: 'current', alerts: [] } })
  expect(await app.standing()).toEqual(standing)

  await app.recipe.publish(V2)
  const upgraded = await app.reconcile()
  expect(upgraded.result, upgraded.all).toMatchObject({ outcome: 'upgraded', version: { version: V2 } })
  expect(await realms()).toEqual([REALM, 'master'])
  expect(app.told()).toEqual([])

  // What asks for a person first: nothing is touched, and the person is told once.
  const held = await app.standing()
  // A config whose content changed keeps its name: swarm would refuse it in the middle of the deployment.
  const script = (text: string) => `${text}\n# changed\n`
  const holds: (NextVersion & { cause: string })[] = [
    { version: '10.7.2+26.4.7', change: { 'mysql_backup.sh': script }, cause: 'lint' },
    { version: '11.0.0+26.4.7', cause: 'major' },
    {
      version: '10.8.0+26.4.7',
      change: { 'release/10.8.0+26.4.7': () => 'A new theme.\nYou have to migrate the themes by hand.\n' },
      cause: 'release notes',
    },
  ]
  for (const { cause, ...next } of holds) {
    await app.recipe.publish(V2, next)
    const once = await app.reconcile()
    expect(once.result, once.all).toMatchObject({ outcome: 'held', holds: [{ cause }], version: { version: V2 } })
    expect(once.exitCode).toBe(4)
    expect(once.result.alerts).toHaveLength(1)
  }
  expect((await app.reconcile()).result).toMatchObject({ outcome: 'held', alerts: [] })
  expect(app.told()).toMatchObject(
    holds.map(({ version, cause }) => ({ attempted: { version }, text: expect.stringContaining(cause) })),
  )
  expect(await app.standing()).toEqual(held)

  // A version that cannot be deployed, and one that comes up and is ailing: what it did to the data is undone.
  const image = (text: string) => text.replace('image: keycloak/keycloak:26.4.7', 'image: keycloak/keycloak:26.4.8')
  await app.recipe.publish(V2, { version: '10.7.3+26.4.8', change: { 'compose.yml': image } })
  const broken = await app.reconcile()
  expect(broken.result, broken.all).toMatchObject({ outcome: 'rolled back', version: { version: V2 } })
  expect(broken.exitCode).toBe(1)
  expect(await realms()).toEqual([REALM, 'master'])

  const hostname = (text: string) =>
    text.replace('KC_HOSTNAME=https://${DOMAIN}', 'KC_HOSTNAME=https://elsewhere.example.org')
  await app.recipe.publish(V2, { version: '10.7.4+26.4.7', change: { 'compose.yml': hostname } })
  const ailing = await app.reconcile()
  expect(ailing.result, ailing.all).toMatchObject({ outcome: 'rolled back', version: { version: V2 } })
  expect(await realms()).toEqual([REALM, 'master'])
  expect(app.told().slice(holds.length)).toMatchObject([
    { cause: 'deploy', recovered: true, attempted: { version: '10.7.3+26.4.8' }, lastGood: { version: V2 } },
    { cause: 'unhealthy', recovered: true, attempted: { version: '10.7.4+26.4.7' }, lastGood: { version: V2 } },
  ])
})
