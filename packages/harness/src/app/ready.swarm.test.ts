import type Docker from 'dockerode'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { stringify } from 'yaml'
import { CrashLoopError } from '../docker/hopeless.ts'
import { testHost } from '../docker/test-stack.ts'
import { run } from '../process/run.ts'
import { loadSettings } from '../settings/load.ts'
import type { Settings } from '../settings/schema.ts'
import { AppHttp } from './http.ts'
import { stackName } from './names.ts'
import type { Probe } from './probe.ts'
import {
  awaitReady,
  CertificateError,
  NotReadyError,
  NotRoutedError,
  ProxyUnreachableError,
  type ReadyOptions,
  ReadyTimeoutError,
  WrongAnswerError,
} from './ready.ts'
import { removeStack } from './teardown.ts'

// Real apps behind the real reverse proxy: each says what it is told to, or nothing.

let docker: Docker
let settings: Settings
let unique: string
const stacks: string[] = []
beforeAll(async () => {
  const host = await testHost()
  docker = host.docker
  unique = host.unique
  settings = await loadSettings()
})
afterAll(() => Promise.all(stacks.map((stack) => removeStack(docker, stack, { timeoutMs: 60_000 }))))

const nginx = (server: string, before = '') =>
  `echo 'server { listen 80; ${server} }' > /etc/nginx/conf.d/default.conf; ${before} exec nginx -g 'daemon off;'`

/** Deploys an app whose container runs this script; `routed` by the labels that the proxy looks at. */
async function deploy(name: string, script: string, routed = true): Promise<string> {
  const domain = `${unique}-${name}.${settings.baseDomain}`
  const stack = stackName(domain)
  stacks.push(stack)
  const service = {
    image: 'nginx:1.22.1',
    entrypoint: ['sh', '-c'],
    command: [script.replaceAll('$', '$$$$')],
    networks: ['proxy'],
    deploy: {
      endpoint_mode: 'dnsrr',
      restart_policy: { delay: '100ms' },
      labels: {
        'traefik.enable': String(routed),
        [`traefik.http.services.${stack}.loadbalancer.server.port`]: '80',
        [`traefik.http.routers.${stack}.rule`]: `Host(\`${domain}\`)`,
        [`traefik.http.routers.${stack}.entrypoints`]: 'web-secure',
      },
    },
  }
  const networks = { proxy: { external: true, name: settings.proxyNetwork } }
  const input = stringify({ version: '3.8', services: { app: service }, networks })
  await run('docker', ['stack', 'deploy', '--resolve-image', 'never', '-c', '-', stack], { input })
  return domain
}

interface Waited {
  error: unknown
  tookMs: number
  history: Probe[]
}

async function wait(
  domain: string,
  options: Partial<ReadyOptions> & { via?: Partial<Settings> } = {},
): Promise<Waited> {
  const { via, ...rest } = options
  const { proxyAddress, caFile } = { ...settings, ...via }
  await using http = new AppHttp({ origin: `https://${domain}`, proxyAddress, caFile })
  const history: Probe[] = []
  const started = performance.now()
  const error = await awaitReady(docker, {
    stack: stackName(domain),
    http,
    path: '/',
    statuses: [200],
    timeoutMs: 60_000,
    settleMs: 1_000,
    history,
    ...rest,
  }).catch((caught: unknown) => caught)
  return { error, tookMs: performance.now() - started, history }
}

describe.concurrent('awaitReady ends', () => {
  test('ready, or long before the deadline when an idle app gives another answer', async ({ expect }) => {
    const domain = await deploy('answers', nginx('location / { return 200; } location /500 { return 500; }'))
    const told: string[] = []
    const up = await wait(domain, { onProgress: (text) => told.push(text) })
    expect(up.error).toBeUndefined()
    expect(told.at(-1)).toMatch(/^200 from/)
    expect(up.history.at(-1)?.kind).toBe('ready')

    const wrong = await wait(domain, { path: '/500' })
    expect(wrong.error).toBeInstanceOf(WrongAnswerError)
    expect(String(wrong.error)).toContain('answers /500 with something else than 200.')
    expect(String(wrong.error)).toMatch(/last seen: 500 from .*\n.*app 1\/1; idle for \d+ s/)
    expect(wrong.tookMs).toBeLessThan(15_000)

    const certificate = await wait(domain, { via: { caFile: undefined } })
    expect(certificate.error).toBeInstanceOf(CertificateError)

    const proxy = await wait(domain, { via: { proxyAddress: '127.0.0.1:1' } })
    expect(proxy.error).toBeInstanceOf(ProxyUnreachableError)

    const abort = new AbortController()
    const ended = wait(domain, { path: '/500', signal: abort.signal })
    abort.abort(new Error('the run was closed'))
    expect((await ended).error).toEqual(new Error('the run was closed'))
  })

  test('ready when an app that has long given another answer was busy all the time', async ({ expect }) => {
    const later = nginx('location / { return 200; }').replace(/exec.*$/, 'nginx -s reload')
    const work = `(timeout 5 sh -c 'while :; do :; done'; ${later}) &`
    const domain = await deploy('busy', nginx('location / { return 503; }', work))
    const { error, history } = await wait(domain, { settleMs: 3_000 })
    expect(error).toBeUndefined()
    expect(history.map(({ kind }) => kind)).toContain('gateway')
  })

  test("ready once the recipe's own probe is content, and not before", async ({ expect }) => {
    const later = '(sleep 2; echo ready > /usr/share/nginx/html/late) &'
    const domain = await deploy('late', nginx('root /usr/share/nginx/html;', later))
    const { proxyAddress, caFile } = settings
    await using http = new AppHttp({ origin: `https://${domain}`, proxyAddress, caFile })
    const late = async () => {
      const { status } = await http.get('/late')
      if (status !== 200) throw new Error(`/late says ${status}`)
    }
    const { error, history } = await wait(domain, { ready: late, settleMs: 10_000 })
    expect(error).toBeUndefined()
    const own = history.filter(({ text }) => text.startsWith('the ready probe'))
    expect(own[0]?.text).toBe('the ready probe says: /late says 404')
    expect(own.at(-1)).toBe(history.at(-1))
    expect(own.at(-1)).toMatchObject({ kind: 'ready', text: 'the ready probe is content' })

    const never = () => Promise.reject(new Error('never'))
    const idle = await wait(domain, { ready: never })
    expect(idle.error).toBeInstanceOf(NotReadyError)
    expect(String(idle.error)).toMatch(/last seen: the ready probe says: never\n.*app 1\/1; idle for \d+ s/)
    expect(idle.tookMs).toBeLessThan(15_000)

    const short = await wait(domain, { ready: never, timeoutMs: 1_500, settleMs: 60_000 })
    expect(short.error).toBeInstanceOf(ReadyTimeoutError)
    expect(String(short.error)).toContain('last seen: the ready probe says: never')

    // One that never comes back is asked once, and keeps nobody.
    let calls = 0
    const hangs = () => {
      calls += 1
      return new Promise<void>(() => {})
    }
    const hung = await wait(domain, { ready: hangs })
    expect(hung.error).toBeInstanceOf(NotReadyError)
    expect(String(hung.error)).toContain('the ready probe has not come back yet')
    expect(calls).toBe(1)

    const abort = new AbortController()
    const asked = Promise.withResolvers<void>()
    const ended = wait(domain, {
      ready: () => {
        asked.resolve()
        return hangs()
      },
      signal: abort.signal,
      settleMs: 60_000,
    })
    await asked.promise
    abort.abort(new Error('the run was closed'))
    expect(String((await ended).error)).toMatch(/the run was closed|aborted/)
  })

  test('at the deadline when an app stays busy, with what was seen', async ({ expect }) => {
    const domain = await deploy('hot', nginx('location / { return 503; }', `(sh -c 'while :; do :; done') &`))
    const { error, tookMs } = await wait(domain, { timeoutMs: 6_000 })
    expect(error).toBeInstanceOf(ReadyTimeoutError)
    expect(String(error)).toContain('503 from https://')
    expect(tookMs).toBeGreaterThan(5_900)
  })

  test('saying that the proxy has no route, when the app is up and its labels are not', async ({ expect }) => {
    const domain = await deploy('unrouted', nginx('location / { return 200; }'), false)
    const { error } = await wait(domain)
    expect(error).toBeInstanceOf(NotRoutedError)
  })

  test('saying that the app answers wrongly, when it is routed and nothing listens in it', async ({ expect }) => {
    const domain = await deploy('deaf', 'exec sleep infinity')
    const { error } = await wait(domain)
    expect(error).toBeInstanceOf(WrongAnswerError)
    expect(String(error)).toContain('last seen: 502 from')
  })

  test('hopeless when the container ends again and again', async ({ expect }) => {
    const domain = await deploy('dies', 'echo last words; exit 3')
    const { error } = await wait(domain)
    expect(error).toBeInstanceOf(CrashLoopError)
    expect(String(error)).toContain('last words')
  })
})
