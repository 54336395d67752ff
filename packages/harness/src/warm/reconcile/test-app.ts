import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { AppHttp } from '../../app/http.ts'
import { stackName } from '../../app/names.ts'
import { removeStack } from '../../app/teardown.ts'
import { stackView } from '../../docker/stack-view.ts'
import { testHost } from '../../docker/test-stack.ts'
import { chosenEngine } from '../../engine/chosen.ts'
import { type TestCommit, testRepository } from '../../recipe/test-repository.ts'
import { loadSettings } from '../../settings/load.ts'
import type { Settings } from '../../settings/schema.ts'
import type { AttemptStep } from './attempt.ts'
import type { LastGood } from './last-good.ts'
import { reconcileApp } from './reconcile.ts'
import type { ReconcileRequest } from './request.ts'
import type { ReconcileResult } from './result.ts'
import { askWord } from './test-gate.ts'

/** One version of the test's recipe: an nginx that writes its version to the volume whenever it starts, and serves it. */
interface TestVersion {
  version: string
  image?: string
  /** What the gate finds in the page `/word`; `ill` is not healthy. */
  word?: string
  /** Other files of its tree. */
  files?: Record<string, string>
}

const RECIPE = 'shared'
const DATA = '/usr/share/nginx/html/data'

function commitOf({ version, image = 'nginx:1.22.1', word = 'well', files = {} }: TestVersion): TestCommit {
  const start = `mkdir -p ${DATA}; echo ${version} >> ${DATA}/started; echo ${word} > /usr/share/nginx/html/word; exec nginx -g 'daemon off;'`
  const compose = stringify({
    version: '3.8',
    services: {
      app: {
        image,
        entrypoint: ['sh', '-c'],
        command: [start],
        networks: ['proxy'],
        volumes: [`data:${DATA}`],
        healthcheck: { test: ['CMD', 'true'], interval: '300ms' },
        deploy: {
          restart_policy: { condition: 'any', delay: '100ms' },
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
    networks: { proxy: { external: true } },
    volumes: { data: {} },
  })
  const sample = `TYPE=${RECIPE}\nDOMAIN=${RECIPE}.example.org\nLETS_ENCRYPT_ENV=production\n`
  const readme = '# shared\n\n<!-- metadata -->\n* **Category**: Apps\n<!-- endmetadata -->\n'
  return { version, files: { 'compose.yml': compose, '.env.sample': sample, 'README.md': readme, ...files } }
}

type Changes = Partial<Omit<ReconcileRequest, 'app'>>

/** A shared app of a test, at a domain and with a state directory of its own. */
export interface TestSharedApp extends AsyncDisposable {
  readonly stack: string
  readonly settings: Settings
  readonly folder: string
  /** From now on these are the versions that are published. */
  publish(...versions: TestVersion[]): Promise<void>
  reconcile(changes?: Changes): Promise<ReconcileResult>
  /** Reconciles in a process that is killed the moment this step was written down. */
  killedAt(step: AttemptStep): Promise<void>
  /** The versions that have written to the data, in their order. */
  started(): Promise<string[]>
  /** Containers and versions of the services: a restart changes them. */
  standing(): Promise<string[]>
  lastGood(): LastGood | undefined
  /** Takes its services away behind everybody's back. */
  takeDown(): Promise<void>
}

/** Makes it; nothing is deployed yet. */
export async function testSharedApp(): Promise<TestSharedApp> {
  const { docker, unique } = await testHost()
  const stateDir = mkdtempSync(join(tmpdir(), 'cc-ci-reconcile-test-'))
  const loaded = await loadSettings()
  // What the janitor leaves alone whoever's it is.
  const domain = `warm-${unique}.${loaded.baseDomain}`
  const stack = stackName(domain)
  let settings: Settings = { ...loaded, stateDir, settleTime: 2, recipeSources: [] }
  let published = 0
  const app = { recipe: RECIPE, domain, stateful: true, health: { path: '/data/started', statuses: [200] } }
  const folder = join(stateDir, 'warm', RECIPE)
  const { proxyAddress, caFile } = loaded
  const http = new AppHttp({ origin: `https://${domain}`, proxyAddress, caFile })
  return {
    stack,
    get settings() {
      return settings
    },
    folder,
    async publish(...versions) {
      published += 1
      const source = join(stateDir, `published-${published}`)
      await testRepository(source, RECIPE, ...versions.map(commitOf))
      settings = { ...settings, recipeSources: [source] }
    },
    reconcile(changes = {}) {
      return reconcileApp({
        docker,
        settings,
        engine: chosenEngine(docker, settings),
        app,
        gate: (live) => askWord(live, settings),
        owner: unique,
        ...changes,
      })
    },
    async killedAt(step) {
      const source = (name: string) => JSON.stringify(join(import.meta.dirname, name))
      const script = `
        const { dockerClient } = await import(${source('../../docker/connect.ts')})
        const { chosenEngine } = await import(${source('../../engine/chosen.ts')})
        const { reconcileApp } = await import(${source('reconcile.ts')})
        const { askWord } = await import(${source('test-gate.ts')})
        const settings = ${JSON.stringify(settings)}
        const docker = dockerClient(settings.dockerHost)
        const app = ${JSON.stringify(app)}
        const onAttempt = (step) => step === ${JSON.stringify(step)} && process.kill(process.pid, 'SIGKILL')
        const gate = (live) => askWord(live, settings)
        const result = await reconcileApp({ docker, settings, engine: chosenEngine(docker, settings), app, gate, owner: 't', onAttempt })
        console.error(result)`
      const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'inherit' })
      const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
      if (signal !== 'SIGKILL') throw new Error(`the process came past "${step}" (exit code ${code})`)
    },
    started: async () => (await http.get('/data/started')).text().trim().split('\n'),
    async standing() {
      const services = await stackView(docker, stack)
      const { Spec, Version } = await docker.getService(`${stack}_app`).inspect()
      const containers = services.flatMap(({ name, tasks }) => tasks.map(({ containerId }) => `${name} ${containerId}`))
      return [`${Spec.Name} ${Version.Index}`, ...containers]
    },
    lastGood() {
      const file = join(folder, 'last-good.json')
      return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as LastGood) : undefined
    },
    takeDown: () => docker.getService(`${stack}_app`).remove(),
    async [Symbol.asyncDispose]() {
      await http.close()
      await removeStack(docker, stack, { timeoutMs: 60_000 })
      rmSync(stateDir, { recursive: true, force: true })
    },
  }
}
