import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { stringify } from 'yaml'
import { describeResidue, residueOf } from '../../app/residue.ts'
import { removeStack } from '../../app/teardown.ts'
import { testHost } from '../../docker/test-stack.ts'
import { cloneRecipe } from '../../recipe/checkout.ts'
import type { RecipeOptions } from '../../recipe/options.ts'
import { type TestCommit, testRepository } from '../../recipe/test-repository.ts'
import { assembleRecord } from '../../run/assemble.ts'
import { openJournal } from '../../run/journal.ts'
import type { RunRecord } from '../../run/record.ts'
import { scopesDir } from '../../run/store.ts'
import { takeLease } from '../../scope/lease.ts'
import { leaseFolder } from '../../scope/lease-folder.ts'
import { readOrder, scopeFolders } from '../../scope/order.ts'
import { Scope } from '../../scope/scope.ts'
import { loadSettings } from '../../settings/load.ts'
import { inVolume, listing } from '../../snapshot/test-volumes.ts'
import { openRunCanonical } from './attach.ts'
import { claimCanonical } from './claim.ts'
import { findCanonical } from './list.ts'
import { canonicalPlace } from './place.ts'
import { type PromotionRequest, promote } from './promote.ts'
import { readSecrets } from './secrets.ts'

/** The options of the recipe of these tests; nothing in it needs to settle. */
const OPTIONS: RecipeOptions = { canonical: true, timeouts: { settle: 1 } }

/** An app that has data of its own from its first start on. */
const BORN = '[ -e $$HTML/born ] || date +%s%N > $$HTML/born; exec nginx -g "daemon off;"'.replaceAll(
  '$$HTML',
  '/usr/share/nginx/html',
)

/** A version of an nginx with a volume and a secret, which serves nothing but its volume. */
export function commit(version: string, changes: { image?: string } = {}): TestCommit {
  const compose = {
    version: '3.8',
    services: {
      app: {
        image: changes.image ?? 'nginx:1.22.1',
        entrypoint: ['sh', '-c'],
        command: [BORN],
        networks: ['proxy', 'inside'],
        configs: [{ source: 'conf', target: '/etc/nginx/conf.d/default.conf' }],
        secrets: ['token'],
        volumes: ['content:/usr/share/nginx/html'],
        // Otherwise it waits for its clients.
        stop_signal: 'SIGTERM',
        deploy: {
          restart_policy: { condition: 'on-failure', delay: '100ms' },
          update_config: { order: 'start-first', monitor: '100ms', failure_action: 'rollback' },
          labels: [
            'traefik.enable=true',
            'traefik.http.services.${STACK_NAME}.loadbalancer.server.port=80',
            'traefik.http.routers.${STACK_NAME}.rule=Host(`${DOMAIN}`)',
            'traefik.http.routers.${STACK_NAME}.entrypoints=web-secure',
            `coop-cloud.\${STACK_NAME}.version=${version}`,
          ],
        },
      },
    },
    networks: { proxy: { external: true }, inside: {} },
    volumes: { content: {} },
    secrets: { token: { external: true, name: '${STACK_NAME}_token_v1' } },
    configs: { conf: { name: '${STACK_NAME}_conf_${CONF_VERSION}', file: 'default.conf' } },
  }
  return {
    version,
    files: {
      'compose.yml': stringify(compose),
      'default.conf': 'server {\n  listen 80;\n  root /usr/share/nginx/html;\n}\n',
      'abra.sh': `export CONF_VERSION=v${version.replaceAll(/\D/g, '')}\n`,
      '.env.sample': 'TYPE=x\nDOMAIN=x.example.org\nLETS_ENCRYPT_ENV=\nSECRET_TOKEN_VERSION=v1 # length=20\n',
    },
  }
}

/** A recipe of a test's own, with the canonical that it may have, in a state directory of its own. */
export async function testCanonical(...commits: TestCommit[]) {
  const { docker, image } = await testHost()
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'ccci-canonical-')))
  const recipe = `can-${randomBytes(3).toString('hex')}`
  const origin = await testRepository(join(folder, 'origin'), recipe, ...commits)
  const settings = { ...(await loadSettings()), stateDir: join(folder, 'state'), capacity: 64, queueTimeout: 60 }
  const place = canonicalPlace(recipe, settings)
  const leases = await leaseFolder(docker, settings)
  const volume = `${place.stack}_content`
  const checkout = await cloneRecipe({ recipe: origin, sources: [], into: join(folder, 'checkout') })
  let count = 0
  return {
    docker,
    settings,
    place,
    recipe,
    origin,
    folder,
    leases,
    volume,
    state: () => findCanonical(settings, place.name, leases),
    /** A green, whole run of a version. */
    record: (version: string): RunRecord =>
      record(recipe, version, checkout.published.find(({ text }) => text === version)?.commit ?? ''),
    promote(version: string, more: Partial<PromotionRequest> = {}) {
      return promote({ docker, settings, record: this.record(version), origin, options: OPTIONS, ...more })
    },
    /** A run that attaches the canonical; closing it puts that back. */
    async use() {
      count += 1
      const runId = `user-${count}`
      const scope = new Scope({ folder: join(settings.stateDir, 'scopes', runId), teardownTimeoutMs: 60_000 })
      const journal = openJournal(join(folder, `${runId}.jsonl`))
      const held = new DisposableStack()
      const close = async () => {
        await scope.close().finally(() => held.dispose())
      }
      const hold = (lease: Disposable) => void held.use(lease)
      const where = { docker, settings, scope, journal, runId, recipe, origin, hold }
      try {
        const { lifecycle } = await openRunCanonical({ ...where, options: OPTIONS })
        const { app } = lifecycle
        const said = () => readFileSync(journal.file, 'utf8')
        return { app, lifecycle, said, close, [Symbol.asyncDispose]: close }
      } catch (error) {
        await close()
        throw error
      }
    },
    /** The right to use it and nothing more: what a user has before anything is deployed. */
    async claim() {
      count += 1
      const runId = `claim-${count}`
      const scope = new Scope({ folder: join(settings.stateDir, 'scopes', runId), teardownTimeoutMs: 60_000 })
      const lease = await takeLease({ folder: leases, name: place.stack, runId, timeoutMs: 60_000 })
      const claim = await claimCanonical({ docker, settings, scope, place, leases, runId, purpose: 'test' })
      const close = async () => {
        await scope.close().finally(() => lease.release())
      }
      /** As if this process had died: nobody has the lease, and nobody has put anything back. */
      const forget = async () => lease.release()
      return { ...claim, forget, [Symbol.asyncDispose]: close }
    },
    /** What another process needs to do the same. */
    where: { settings, place, leases, recipe, origin, options: OPTIONS },
    /** Works in the volume while nothing is deployed. */
    sh: (script: string) =>
      inVolume({ docker, image }, volume, async (helper) => {
        return (await helper.execOk(['sh', '-euc', script], { workdir: '/v' })).stdout
      }),
    /** All that an idle canonical is: what is in Docker, the files in its volume, its secrets' values, its `.env`. */
    async all() {
      const there = describeResidue(await residueOf(docker, place.stack)).sort()
      const files = await inVolume({ docker, image }, volume, listing)
      const secrets = await readSecrets(docker, { stack: place.stack, image, known: [], timeoutMs: 30_000 })
      const values = secrets.map(({ name, value }) => `${name} ${value}`)
      return { there, files, values, env: readFileSync(place.envFile, 'utf8'), entry: this.state()?.entry }
    },
    async [Symbol.asyncDispose]() {
      // The wardens of killed processes are at work as long as there are orders for them.
      const scopes = scopesDir(settings.stateDir)
      while (scopeFolders(scopes).some((one) => readOrder(one) !== undefined)) await pause(100)
      await removeStack(docker, place.stack, { timeoutMs: 60_000 })
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export type TestCanonical = Awaited<ReturnType<typeof testCanonical>>

function record(recipe: string, version: string, commit: string): RunRecord {
  const now = Date.now()
  const at = { at: now }
  const stages = ['install', 'upgrade', 'backup', 'custom'] as const
  return assembleRecord({
    id: `run-${recipe}-${version}`,
    recipe,
    state: 'finished',
    startedAt: now,
    endedAt: now,
    tests: stages.map((stage) => ({ name: stage, stage, state: 'passed', durationMs: 1, errors: [] })),
    fileErrors: [],
    unhandledErrors: [],
    journal: [
      {
        ...at,
        event: 'subject',
        recipe,
        version,
        commit,
        ref: undefined,
        base: undefined,
        domain: '',
        stack: '',
        plan: 'full',
        quirks: [],
        customisation: {},
      },
      { ...at, event: 'lint', report: { durationMs: 1, rules: [] } },
      { ...at, event: 'not-applicable', stage: 'recipe-local', reason: 'none' },
      { ...at, event: 'deployments', counted: 0, planned: 0 },
      { ...at, event: 'teardown', clean: true, left: [], durationMs: 1 },
    ],
  })
}
