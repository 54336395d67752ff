import { statSync } from 'node:fs'
import { join } from 'node:path'
import {
  connectSwarm,
  keycloakFile,
  leaseFolder,
  loadSettings,
  run,
  stackView,
  survey,
  warmKeycloakDomain,
} from '@cc-ci/harness'
import { expect, test } from 'vitest'
import { devHostPaths } from './paths.ts'
import { isCurrent } from './recipes.ts'
import { extraStack } from './shared-apps.ts'
import { statusOf, WARM_KEYCLOAK } from './status.ts'

const settings = await loadSettings()
const docker = await connectSwarm(settings.dockerHost)
const stack = extraStack('keycloak', settings)

const up = (...args: string[]) => run(process.execPath, [join(import.meta.dirname, 'main.ts'), 'up', ...args])

/** Every task that there is: a restart makes a new one. */
const tasks = async () =>
  (await stackView(docker, stack)).flatMap(({ name, tasks: own }) =>
    own.map(({ id, state }) => `${name} ${id} ${state}`),
  )

const keycloakStatus = async () => (await statusOf(settings)).filter(({ part }) => part === WARM_KEYCLOAK)

test('asked for again it is found up and well, and nothing of it is restarted', async () => {
  const before = await tasks()
  expect(before).toHaveLength(2)
  const { all } = await up('--with', 'keycloak')
  expect(all).toContain(`at https://${warmKeycloakDomain(settings.baseDomain)}`)
  expect(all).toContain('Warm Keycloak: there, ')
  expect(await tasks()).toEqual(before)
  expect(await keycloakStatus()).toMatchObject([{ ok: true }])
})

test('an up that does not ask for it builds nothing of it and leaves it as it is', async () => {
  const before = await tasks()
  const { all } = await up()
  expect(all).not.toMatch(/Image cc-ci\/(keycloak|mariadb)|Warm Keycloak/)
  expect(await tasks()).toEqual(before)
  expect(isCurrent('keycloak', devHostPaths(settings.stateDir).recipes)).toBe(true)
  expect(await keycloakStatus()).toMatchObject([{ ok: true }])
})

test('what lets the harness in is readable by its owner alone', () => {
  expect(statSync(keycloakFile(settings)).mode & 0o777).toBe(0o600)
})

test('the janitor does not find it, although it carries the labels of cc-ci', async () => {
  const [app] = await stackView(docker, stack)
  expect(app?.labels).toHaveProperty(['cc-ci.run'])
  const leases = await leaseFolder(docker, settings)
  const scopes = join(settings.stateDir, 'scopes')
  const found = await survey({ docker, leases, scopes, baseDomain: settings.baseDomain })
  expect(found.map((one) => one.stack)).not.toContain(stack)
})
