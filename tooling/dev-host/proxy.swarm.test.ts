import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import type { Duplex } from 'node:stream'
import { connectSwarm, loadSettings } from '@cc-ci/harness'
import type Docker from 'dockerode'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { proxyListen } from './port.ts'
import { checkProxyPlace, OtherDevHostError } from './proxy-container.ts'
import { fetchThroughProxy } from './proxy-probe.ts'
import { until } from './until.ts'

const settings = await loadSettings()
const { host, port } = proxyListen(settings.proxyAddress)
const domain = (name: string): string => `${name}.${settings.baseDomain}`
const name = (): string => `test-${randomBytes(4).toString('hex')}`

let docker: Docker
let ca: string
const services: string[] = []

beforeAll(async () => {
  docker = await connectSwarm(settings.dockerHost)
  ca = readFileSync(settings.caFile ?? '', 'utf8')
})

afterEach(async () => {
  await Promise.all(services.splice(0).map(removeService))
})

const fetch = (name: string) => fetchThroughProxy({ host, port, ca, domain: domain(name) })

/** Asks until the answer is the wanted one; returns the last one. */
async function eventually(name: string, status: number): Promise<unknown> {
  let answer: Awaited<ReturnType<typeof fetch>> = ''
  await until(
    async () => {
      answer = await fetch(name)
      return typeof answer === 'object' && answer.status === status
    },
    { deadlineMs: 20_000, everyMs: 20 },
  )
  return answer
}

async function deploy(name: string, replicas: number, command?: string): Promise<void> {
  await docker.createService({
    Name: name,
    Labels: {
      'traefik.enable': 'true',
      [`traefik.http.routers.${name}.rule`]: `Host(\`${domain(name)}\`)`,
      [`traefik.http.routers.${name}.entrypoints`]: 'web-secure',
      [`traefik.http.services.${name}.loadbalancer.server.port`]: '80',
    },
    TaskTemplate: {
      ContainerSpec: {
        Image: 'nginx:1.22.1',
        StopSignal: 'SIGKILL',
        ...(command ? { Command: ['sh', '-c', command] } : {}),
      },
      Networks: [{ Target: settings.proxyNetwork }],
    },
    Mode: { Replicated: { Replicas: replicas } },
    EndpointSpec: { Mode: 'dnsrr' },
  })
  services.push(name)
}

/** Takes a service away and waits for its tasks: a network address is given back with them. */
async function removeService(name: string): Promise<void> {
  const tasks = await docker.listTasks({ filters: { service: [name] } })
  await docker.getService(name).remove()
  for (const { ID } of tasks) {
    await until(
      () =>
        docker
          .getTask(ID)
          .inspect()
          .then(
            () => false,
            () => true,
          ),
      { deadlineMs: 20_000 },
    )
  }
}

describe("the dev host's proxy", { timeout: 60_000 }, () => {
  test('answers for a host that nobody serves as Traefik does, with a certificate of its authority', async () => {
    expect(await fetch('nobody-at-all')).toEqual({ status: 404, body: '404 page not found\n' })
  })

  test('passes requests on to a deployed service, and forgets it when it is removed', async () => {
    const app = name()
    await deploy(app, 1)
    expect(await eventually(app, 200)).toMatchObject({ status: 200, body: expect.stringContaining('nginx') })
    await removeService(services.splice(0)[0] ?? '')
    expect(await eventually(app, 404)).toEqual({ status: 404, body: '404 page not found\n' })
  })

  test('has no server for a service without a running task', async () => {
    const app = name()
    await deploy(app, 0)
    expect(await eventually(app, 503)).toEqual({ status: 503, body: 'no available server\n' })
  })

  test('answers 502 when nobody listens on the port', async () => {
    const app = name()
    await deploy(app, 1, 'exec tail -f /dev/null')
    expect(await eventually(app, 502)).toMatchObject({ status: 502 })
  })

  test('lets WebSockets through, and keeps them while other apps come and go', async () => {
    const app = name()
    const greeting =
      'HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n\\r\\nhello'
    await deploy(app, 1, `mkfifo /pipe; while :; do (printf '${greeting}'; cat /pipe) | nc -l -p 80 > /pipe; done`)
    const socket = await until(() => upgrade(domain(app)), { deadlineMs: 20_000 })
    if (!socket) throw new Error('the connection was not upgraded')
    const closed = new Promise((resolve) => socket.once('close', () => resolve('closed')))
    const other = name()
    await deploy(other, 1)
    await eventually(other, 200)
    let received = ''
    const echoed = new Promise((resolve) => {
      socket.on('data', (data) => {
        received += String(data)
        if (received.includes('still there')) resolve('echoed')
      })
    })
    socket.write('still there\n')
    expect(await Promise.race([echoed, closed])).toBe('echoed')
    socket.destroy()
  })
})

test('the proxy of another dev host is not touched: whose it is, is told', async () => {
  const refused = checkProxyPlace(docker, { ...settings, stateDir: '/somewhere/else' })
  await expect(refused).rejects.toThrow(OtherDevHostError)
  await expect(refused).rejects.toThrow(settings.stateDir)
})

/** Asks for a WebSocket; nothing when the answer was another. */
function upgrade(domain: string): Promise<Duplex | undefined> {
  return new Promise((resolve) => {
    const asked = request({
      host,
      port,
      ca,
      servername: domain,
      agent: false,
      headers: {
        host: domain,
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': randomBytes(16).toString('base64'),
      },
    })
    asked.on('upgrade', (_, socket: Duplex) => resolve(socket))
    asked.on('response', (answer) => {
      answer.resume()
      resolve(undefined)
    })
    asked.on('error', () => resolve(undefined))
    asked.end()
  })
}
