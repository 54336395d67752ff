import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  administratorOf,
  ensureSharedApp,
  KEYCLOAK,
  keycloakFile,
  loadSettings,
  removeStack,
  type Settings,
  SwarmEngine,
  stackName,
  warmKeycloakDomain,
  writeKeycloakFile,
} from '@cc-ci/harness'
import type Docker from 'dockerode'

/** Whose the shared apps of a dev host are, in their labels. */
const OWNER = 'dev-host'

/**
 * Sees to it that the warm Keycloak is up, and that the state directory says how to administer it. One that is up and well
 * is left alone.
 */
export async function ensureWarmKeycloak(docker: Docker, say: (text: string) => void): Promise<string> {
  // Where the proxy is and which recipes there are was written down a moment ago.
  const settings = await loadSettings()
  const domain = warmKeycloakDomain(settings.baseDomain)
  const folder = join(settings.stateDir, 'warm', KEYCLOAK.recipe)
  const app = await ensureSharedApp({
    docker,
    settings,
    engine: new SwarmEngine(docker, settings),
    ...KEYCLOAK,
    domain,
    owner: OWNER,
    into: join(folder, 'recipe'),
    envFile: join(folder, 'app.env'),
    onStep: say,
  })
  writeKeycloakFile(keycloakFile(settings), await administratorOf(docker, domain))
  return `${app.deployed ? 'deployed' : 'there'}, ${app.version} at ${app.url}`
}

/** Takes it away with all its data. */
export async function removeWarmKeycloak(docker: Docker | undefined, settings: Settings): Promise<string> {
  const stack = warmKeycloakStack(settings)
  if (docker) await removeStack(docker, stack, { timeoutMs: settings.teardownTimeout * 1000 })
  const file = keycloakFile(settings)
  const there = existsSync(file)
  // Last: as long as the file is there, realms of dead runs are looked for.
  rmSync(join(settings.stateDir, 'warm', KEYCLOAK.recipe), { recursive: true, force: true })
  rmSync(file, { force: true })
  return there ? 'removed' : 'not there'
}

/** The stack of the warm Keycloak, which is no run's. */
export const warmKeycloakStack = (settings: Settings): string => stackName(warmKeycloakDomain(settings.baseDomain))
