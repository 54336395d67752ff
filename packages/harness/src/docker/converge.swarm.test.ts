import type Docker from 'dockerode'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { removeStack } from '../app/teardown.ts'
import { ConvergeTimeoutError, converge } from './converge.ts'
import {
  CrashLoopError,
  MissingImageError,
  TaskFailedError,
  UnschedulableError,
  UpdateRolledBackError,
} from './hopeless.ts'
import { deployTestServices } from './test-compose.ts'
import { testHost } from './test-stack.ts'

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

const wait = (timeoutMs = 60_000) => converge(docker, stack, { timeoutMs })

async function failure(timeoutMs?: number): Promise<{ error: Error; seconds: number }> {
  const started = performance.now()
  const error = await wait(timeoutMs).then(
    () => new Error('it converged'),
    (caught: Error) => caught,
  )
  return { error, seconds: (performance.now() - started) / 1000 }
}

test('a stack is ready when every service runs N/N; a service of none and a finished one-shot count as ready', async () => {
  await deployTestServices(stack, {
    app: { image, command: ['sleep', 'infinity'], deploy: { replicas: 2 } },
    cron: { image, command: ['sleep', 'infinity'], deploy: { replicas: 0 } },
    once: { image, command: ['true'], deploy: { restart_policy: { condition: 'none' } } },
  })
  const services = await wait()
  expect(services.map(({ name, running, completed }) => ({ name, running, completed }))).toEqual([
    { name: 'app', running: 2, completed: 0 },
    { name: 'cron', running: 0, completed: 0 },
    { name: 'once', running: 0, completed: 1 },
  ])
})

test('an image that is not there is hopeless at once, and the error names it', async () => {
  await deployTestServices(stack, { app: { image: 'cc-ci/no-such-image:1' } })
  const { error, seconds } = await failure()
  expect(error).toBeInstanceOf(MissingImageError)
  expect(error.message).toContain('cc-ci/no-such-image:1')
  expect(seconds).toBeLessThan(20)
})

test('a container that ends in a loop is hopeless, with its last lines, long before the deadline', async () => {
  const command = ['sh', '-c', 'echo "cannot find my settings"; exit 3']
  await deployTestServices(stack, { app: { image, command, deploy: { restart_policy: { delay: '200ms' } } } })
  const { error } = await failure(600_000)
  expect(error).toBeInstanceOf(CrashLoopError)
  expect(error.message).toMatch(/non-zero exit \(3\)[\s\S]*cannot find my settings/)
})

test('a container that ends in a loop beside others that stay up is hopeless, too, although it is up for moments', async () => {
  const command = ['sh', '-c', 'echo "cannot find my settings"; sleep 0.4; exit 3']
  await deployTestServices(stack, {
    app: { image, command: ['sleep', 'infinity'] },
    sidecar: { image, command, deploy: { restart_policy: { delay: '100ms' } } },
  })
  const { error } = await failure(40_000)
  expect(error).toBeInstanceOf(CrashLoopError)
  expect(error.message).toMatch(/"sidecar"[\s\S]*cannot find my settings/)
})

test('an app that dies until its database is up is waited for', async () => {
  const crash = [
    'sh',
    '-c',
    'test -e /tmp/never || { sleep 0.2; [ "$(date +%s)" -ge "$READY_AT" ] || exit 1; }; exec sleep infinity',
  ]
  const readyAt = String(Math.floor(Date.now() / 1000) + 8)
  await deployTestServices(stack, {
    app: { image, command: crash, environment: { READY_AT: readyAt }, deploy: { restart_policy: { delay: '100ms' } } },
    db: {
      image,
      command: ['sleep', 'infinity'],
      environment: { READY_AT: readyAt },
      healthcheck: { test: ['CMD-SHELL', '[ "$(date +%s)" -ge "$READY_AT" ]'], interval: '500ms', start_period: '30s' },
    },
  })
  const services = await wait()
  expect(services.map(({ name, running }) => `${name} ${running}`)).toEqual(['app 1', 'db 1'])
})

test('a one-shot that fails without a further try is hopeless', async () => {
  const command = ['sh', '-c', 'echo "no bucket made"; exit 1']
  await deployTestServices(stack, { once: { image, command, deploy: { restart_policy: { condition: 'none' } } } })
  const { error } = await failure()
  expect(error).toBeInstanceOf(TaskFailedError)
  expect(error.message).toContain('no bucket made')
})

test('an update that swarm rolls back is a failure although the old version runs', async () => {
  const update = { failure_action: 'rollback', monitor: '1s', delay: '0s' }
  const service = { image, deploy: { update_config: update, restart_policy: { delay: '100ms' } } }
  await deployTestServices(stack, { app: { ...service, command: ['sleep', 'infinity'] } })
  await wait()
  await deployTestServices(stack, { app: { ...service, command: ['false'] } })
  expect((await failure()).error).toBeInstanceOf(UpdateRolledBackError)
})

test('a service that no node can take is hopeless within seconds, with the scheduler’s reason', async () => {
  await deployTestServices(stack, {
    app: { image, deploy: { placement: { constraints: ['node.labels.none == such'] } } },
  })
  const { error, seconds } = await failure()
  expect(error).toBeInstanceOf(UnschedulableError)
  expect(error.message).toContain('no suitable node')
  expect(seconds).toBeLessThan(20)
})

test('the deadline ends the wait, saying what was last seen', async () => {
  const healthcheck = { test: ['CMD', 'false'], interval: '1s', start_period: '120s' }
  await deployTestServices(stack, { app: { image, command: ['sleep', 'infinity'], healthcheck } })
  const { error } = await failure(3_000)
  expect(error).toBeInstanceOf(ConvergeTimeoutError)
  expect(error.message).toMatch(/did not come up within 3 s[\s\S]*app 0\/1 \(starting\)/)
})

test('an abort ends the wait', async () => {
  const healthcheck = { test: ['CMD', 'false'], interval: '1s', start_period: '120s' }
  await deployTestServices(stack, { app: { image, command: ['sleep', 'infinity'], healthcheck } })
  const controller = new AbortController()
  const onProgress = () => controller.abort(new Error('enough'))
  await expect(converge(docker, stack, { timeoutMs: 60_000, signal: controller.signal, onProgress })).rejects.toThrow(
    'enough',
  )
})
