import { existsSync, readdirSync } from 'node:fs'
import {
  administratorOf,
  isLeaseHeld,
  KEYCLOAK,
  keycloakFile,
  leaseFolder,
  leaseHolder,
  type Settings,
  type SharedAppSpec,
  warmKeycloakDomain,
  writeKeycloakFile,
} from '@cc-ci/harness'
import type Docker from 'dockerode'

const isWarmKeycloak = ({ recipe, domain }: SharedAppSpec, { baseDomain }: Settings): boolean =>
  recipe === KEYCLOAK.recipe && domain === warmKeycloakDomain(baseDomain)

/** Which run has a realm on the warm Keycloak now, and would lose it in the middle; `undefined` when none has. */
export async function inUse(docker: Docker, settings: Settings, app: SharedAppSpec): Promise<string | undefined> {
  if (!isWarmKeycloak(app, settings)) return undefined
  const folder = await leaseFolder(docker, settings)
  const names = existsSync(folder) ? readdirSync(folder) : []
  const realms = names.flatMap((name) => /^(realm-[0-9a-f]{6})\.lock$/.exec(name)?.[1] ?? [])
  const held = realms.find((realm) => isLeaseHeld(folder, realm))
  if (held === undefined) return undefined
  return `run ${leaseHolder(folder, held)?.runId ?? 'somebody'} has a realm on it`
}

/** Writes down how it is administered, where nobody has. */
export async function rememberAccess(docker: Docker, settings: Settings, app: SharedAppSpec): Promise<void> {
  const file = keycloakFile(settings)
  if (!isWarmKeycloak(app, settings) || existsSync(file)) return
  writeKeycloakFile(file, await administratorOf(docker, app.domain))
}
