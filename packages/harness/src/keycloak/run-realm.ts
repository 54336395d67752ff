import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type Docker from 'dockerode'
import { stackName } from '../app/names.ts'
import { chosenEngine, type EngineFactory, envFileFor } from '../engine/chosen.ts'
import { CcciError, messageOf } from '../errors.ts'
import { overdrawCapacity } from '../run/capacity.ts'
import type { Journal } from '../run/journal.ts'
import { scopesDir } from '../run/store.ts'
import { pathKind, realmKind, stackKind } from '../scope/kinds.ts'
import { tryLease } from '../scope/lease.ts'
import { leaseFolder } from '../scope/lease-folder.ts'
import type { Scope } from '../scope/scope.ts'
import type { Settings } from '../settings/schema.ts'
import { ensureSharedApp } from '../warm/shared-app.ts'
import { reachOf } from './access.ts'
import { KeycloakAdmin } from './admin.ts'
import { administratorOf, coldKeycloakDomain, KEYCLOAK } from './instance.ts'
import { realmName } from './names.ts'
import { ownHex } from './own-hex.ts'
import { findWarmKeycloak, type WarmKeycloak } from './provider.ts'
import { planRealm, type Realm, representationOf, signingKey } from './realm.ts'
import { reapRealms } from './reaper.ts'
import { rememberSession } from './remove.ts'

/** No warm Keycloak answers, and none could be deployed for the run. */
export class NoKeycloakError extends CcciError {}

export interface RunRealmRequest {
  docker: Docker
  settings: Settings
  scope: Scope
  journal: Journal
  engine?: EngineFactory | undefined
  runId: string
  /** The recipe under test. */
  recipe: string
  /** `https://<domain>` of its app. */
  appUrl: string
  /** Keeps a lease until everything of the run is gone. */
  hold(lease: Disposable): void
}

/**
 * Makes a realm for a run on the warm Keycloak, once those of dead runs are deleted there; when none answers, on a Keycloak
 * that is deployed for this run alone. Either way the scope owns it.
 *
 * @throws {NoKeycloakError | KeycloakUnreachableError | KeycloakRefusedError | ScopeClosedError}
 */
export async function openRunRealm(request: RunRealmRequest): Promise<Realm> {
  const { docker, settings, journal, scope } = request
  const leases = await leaseFolder(docker, settings)
  return await scope.during(async (signal) => {
    const key = signingKey()
    const warm = await findWarmKeycloak(settings)
    if (typeof warm === 'string') return await onColdKeycloak(request, { leases, key: await key }, warm, signal)
    await using _ = warm
    // At the same time: a run's own realm has its lease before it is there, so that the reaper leaves it alone.
    const [reaping, making] = await Promise.allSettled([
      reapRealms({ admin: warm.admin, leases, scopes: scopesDir(settings.stateDir) }),
      key.then((own) => onWarmKeycloak(request, { leases, key: own }, warm)),
    ])
    const reaped = outcome(reaping)
    if (reaped.length > 0) {
      journal.write({ event: 'warning', text: `realms of runs that are gone, deleted now: ${reaped.join(', ')}` })
    }
    return outcome(making)
  })
}

function outcome<Value>(settled: PromiseSettledResult<Value>): Value {
  if (settled.status === 'rejected') throw settled.reason
  return settled.value
}

interface Means {
  /** The folder of the engine's leases. */
  leases: string
  /** What the realm signs with. */
  key: string
}

async function onWarmKeycloak(request: RunRealmRequest, { leases, key }: Means, warm: WarmKeycloak): Promise<Realm> {
  const { scope, runId, recipe, appUrl, journal } = request
  const { file, reach, admin } = warm
  const started = performance.now()
  const realm = planRealm({ name: ownName(request, leases), url: admin.access.url, reach, cold: false })
  await scope.acquire(realmKind, { file, realm: realm.name, ...reach }, () =>
    admin.create(representationOf(realm, { runId, leases, appUrl }, key)),
  )
  rememberSession(realm.name, admin.session)
  const text = `a realm for ${recipe} at ${realm.issuer}`
  journal.write({ event: 'done', text, durationMs: performance.now() - started })
  return realm
}

/** A name whose lease is now the run's. */
function ownName({ recipe, runId, hold }: RunRealmRequest, leases: string): string {
  const { hex, lease } = ownHex(leases, runId)
  hold(lease)
  return realmName(recipe, hex)
}

const holderOf = (runId: string) => ({ runId, pid: process.pid, since: new Date().toISOString() })

/** What a Keycloak of a run's own takes of the host's capacity, beside the run. */
const COLD_WEIGHT = 1

async function onColdKeycloak(
  request: RunRealmRequest,
  { leases, key }: Means,
  why: string,
  signal: AbortSignal,
): Promise<Realm> {
  const { docker, settings, scope, journal, runId, recipe, appUrl, hold } = request
  const domain = coldKeycloakDomain(runId, settings.baseDomain)
  const stack = stackName(domain)
  const { dockerHost } = settings
  const reach = reachOf(settings)
  const engine = (request.engine ?? chosenEngine)(docker, settings)
  const into = join(scope.folder, 'recipes', `beside-${KEYCLOAK.recipe}`)
  const envFile = envFileFor(settings, scope.folder, domain)
  const started = performance.now()
  const onStep = (text: string) => journal.write({ event: 'step', text: `${KEYCLOAK.recipe} for this run: ${text}` })
  try {
    const lease = tryLease(leases, stack, holderOf(runId))
    if (!lease) throw new Error(`somebody else works on ${stack}`)
    hold(lease)
    const what = `${KEYCLOAK.recipe} for ${recipe}`
    hold(overdrawCapacity({ folder: join(leases, 'capacity'), runId, what, weight: COLD_WEIGHT }))
    const up = () =>
      ensureSharedApp({ docker, settings, engine, ...KEYCLOAK, domain, owner: runId, into, envFile, signal, onStep })
    await scope.acquire(pathKind, { path: envFile }, async () => {})
    await scope.acquire(pathKind, { path: into }, () => scope.acquire(stackKind, { dockerHost, stack }, up))
    const access = await administratorOf(docker, domain)
    await using admin = await KeycloakAdmin.open(access, reach)
    const hex = randomBytes(3).toString('hex')
    const realm = planRealm({ name: realmName(recipe, hex), url: access.url, reach, cold: true })
    await admin.create(representationOf(realm, { runId, leases, appUrl }, key))
    const text = `no warm Keycloak answers (${why.split('\n')[0]}): one was deployed for this run alone, cold`
    journal.write({ event: 'warning', text })
    journal.write({ event: 'done', text: `keycloak at ${access.url}`, durationMs: performance.now() - started })
    return realm
  } catch (error) {
    signal.throwIfAborted()
    throw new NoKeycloakError({
      happened: 'No warm Keycloak answers, and none could be deployed for this run.',
      lastSeen: `${why}\n${messageOf(error)}`,
      todo: 'Bring the warm Keycloak up: npm run dev-host -- up --with keycloak',
      cause: error,
    })
  }
}
