import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  administratorOf,
  CcciError,
  chosenEngine,
  keycloakFile,
  loadSettings,
  reconcileApp,
  rehearseRealms,
  removeStack,
  type Settings,
  stackName,
  writeKeycloakFile,
} from '@cc-ci/harness'
import type Docker from 'dockerode'
import { SHARED_APPS, type SharedExtra } from './extras.ts'

/** Whose the shared apps of a dev host are, in their labels. */
const OWNER = 'dev-host'

/** A shared app of the dev host is not well. */
class SharedAppError extends CcciError {}

const domainOf = (extra: SharedExtra, { baseDomain }: Settings): string => `warm-${extra}.${baseDomain}`

/** The stack of a shared app, which is no run's. */
export const extraStack = (extra: SharedExtra, settings: Settings): string => stackName(domainOf(extra, settings))

/**
 * Sees to it that a shared app is up, and that the state directory says how to administer it. One that is up and well is left
 * alone, at whatever version.
 */
export async function ensureExtra(extra: SharedExtra, docker: Docker, say: (text: string) => void): Promise<string> {
  // Where the proxy is and which recipes there are was written down a moment ago.
  const settings = await loadSettings()
  const domain = domainOf(extra, settings)
  const { stateful, health } = SHARED_APPS[extra]
  const { outcome, version, reason } = await reconcileApp({
    docker,
    settings,
    engine: chosenEngine(docker, settings),
    app: { recipe: extra, domain, stateful, health },
    // That it answers has been seen by now; its tests are for `cc-ci reconcile`.
    gate: async () => ({ healthy: true, text: '' }),
    owner: OWNER,
    upgrade: false,
    onStep: say,
  })
  if (outcome === 'failed' || !version) {
    throw new SharedAppError({
      happened: `The shared app ${extra} is not well.`,
      lastSeen: reason,
      todo: 'What was kept of it: cc-ci alerts. To begin anew, without its data: npm run dev-host -- down',
    })
  }
  if (extra === 'keycloak') {
    const access = await administratorOf(docker, domain)
    writeKeycloakFile(keycloakFile(settings), access)
    if (outcome !== 'current') await rehearseRealms({ docker, settings, access, onStep: say })
  }
  return `${outcome === 'current' ? 'there' : outcome}, ${version.version} at https://${domain}`
}

/** Takes it away with all its data. */
export async function removeExtra(extra: SharedExtra, docker: Docker | undefined, settings: Settings): Promise<string> {
  if (docker) await removeStack(docker, extraStack(extra, settings), { timeoutMs: settings.teardownTimeout * 1000 })
  const folder = join(settings.stateDir, 'warm', extra)
  const there = existsSync(folder)
  // Last: as long as the file is there, realms of dead runs are looked for.
  rmSync(folder, { recursive: true, force: true })
  if (extra === 'keycloak') rmSync(keycloakFile(settings), { force: true })
  return there ? 'removed' : 'not there'
}
