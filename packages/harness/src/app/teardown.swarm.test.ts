import { randomBytes, randomInt } from 'node:crypto'
import type Docker from 'dockerode'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { converge } from '../docker/converge.ts'
import { openHelper } from '../docker/helper.ts'
import { HELPER_LABEL } from '../docker/labels.ts'
import { testHost } from '../docker/test-stack.ts'
import { run } from '../process/run.ts'
import { describeResidue, residueOf } from './residue.ts'
import { removeStack, stopStack, TeardownError } from './teardown.ts'

let docker: Docker
let image: string
let stack: string
beforeEach(async () => {
  const host = await testHost()
  docker = host.docker
  image = host.image
  stack = host.unique
})
afterEach(() => removeStack(docker, stack, { timeoutMs: 60_000 }))

const compose = (network = '') => `
version: "3.8"
services:
  app:
    image: ${image}
    command: [sleep, infinity]
    volumes: [data:/data]
    configs: [{source: settings, target: /settings}]
    networks: [internal${network ? ', shared' : ''}]
    deploy: {endpoint_mode: dnsrr}
volumes: {data: {}}
configs: {settings: {file: /etc/hostname}}
networks: {internal: {}${network ? `, shared: {external: true, name: ${network}}` : ''}}
`

async function deploy(network = ''): Promise<void> {
  await run('docker', ['stack', 'deploy', '--resolve-image', 'never', '-c', '-', stack], { input: compose(network) })
  await converge(docker, stack, { timeoutMs: 60_000 })
}

const left = async () => describeResidue(await residueOf(docker, stack))

test('every trace of a stack is gone: service, tasks, containers, network, volume, secret, config', async () => {
  await deploy()
  await docker.createSecret({ Name: `${stack}_password_v1`, Data: Buffer.from('x').toString('base64'), Labels: {} })
  expect((await left()).map((text) => text.split(' ')[0]).sort()).toEqual(
    expect.arrayContaining(['config', 'container', 'network', 'secret', 'service', 'task', 'volume']),
  )
  await removeStack(docker, stack, { timeoutMs: 60_000 })
  expect(await left()).toEqual([])
})

test('stopping a stack keeps its data', async () => {
  await deploy()
  await stopStack(docker, stack, { timeoutMs: 60_000 })
  expect(await left()).toEqual([`volume ${stack}_data`, `config ${stack}_settings`])
})

test.for([
  { graceful: true, seen: 'data bye' },
  { graceful: false, seen: 'data' },
])('a service is let end by itself where that is asked for: $graceful', async ({ graceful, seen }) => {
  const end =
    'trap "sleep 2; printf \\" bye\\" >> /data/file; exit 0" TERM; printf data > /data/file; while :; do sleep 0.1; done'
  const file = compose().replace('command: [sleep, infinity]', `command: ["sh", "-c", ${JSON.stringify(end)}]`)
  await run('docker', ['stack', 'deploy', '--resolve-image', 'never', '-c', '-', stack], { input: file })
  await converge(docker, stack, { timeoutMs: 60_000 })
  await stopStack(docker, stack, { timeoutMs: 30_000, graceful })
  expect(await left()).toEqual([`volume ${stack}_data`, `config ${stack}_settings`])
  const volumes = [{ name: `${stack}_data`, target: '/data', readOnly: true }]
  const helper = await openHelper(docker, { image, labels: { [HELPER_LABEL]: stack }, volumes })
  const { stdout } = await helper.execOk(['cat', '/data/file'])
  await helper.close()
  expect(stdout).toBe(seen)
})

test('a stack can be deployed again at once, and what is not there is removed without complaint', async () => {
  await deploy()
  await removeStack(docker, stack, { timeoutMs: 60_000 })
  await removeStack(docker, stack, { timeoutMs: 60_000 })
  await deploy()
})

test('helper containers of ours that hold a volume go with the stack', async () => {
  await deploy()
  const helper = await docker.createContainer({
    Image: image,
    Cmd: ['sleep', 'infinity'],
    Labels: { [HELPER_LABEL]: stack },
    HostConfig: { NetworkMode: 'none', Binds: [`${stack}_data:/data`] },
  })
  await helper.start()
  await removeStack(docker, stack, { timeoutMs: 60_000 })
  expect(await left()).toEqual([])
})

test('what cannot be removed is named, and the rest is gone', async () => {
  await deploy()
  const stranger = await docker.createContainer({
    Image: image,
    Cmd: ['true'],
    HostConfig: { Binds: [`${stack}_data:/data`] },
  })
  try {
    const error = await removeStack(docker, stack, { timeoutMs: 8_000 }).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(TeardownError)
    expect((error as TeardownError).left).toEqual([`volume ${stack}_data`])
  } finally {
    await stranger.remove({ force: true })
  }
})

test('more cycles than the shared network has addresses leak none of them', { timeout: 300_000 }, async () => {
  const network = `shared-${randomBytes(3).toString('hex')}`
  await docker.createNetwork({
    Name: network,
    Driver: 'overlay',
    Attachable: true,
    IPAM: { Driver: 'default', Config: [{ Subnet: `10.254.${randomInt(256)}.${randomInt(16) * 16}/28` }] },
  })
  try {
    // A /28 has 13 addresses to give; the load balancer's own endpoint takes one more than the task each time.
    for (let cycle = 0; cycle < 16; cycle += 1) {
      await deploy(network)
      await removeStack(docker, stack, { timeoutMs: 60_000 })
    }
  } finally {
    await removeStack(docker, stack, { timeoutMs: 60_000 })
    await docker.getNetwork(network).remove()
  }
})
