import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type Docker from 'dockerode'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ExecTimeoutError } from '../docker/exec.ts'
import { openTestStack, type TestStack, testHost } from '../docker/test-stack.ts'
import { UsageError } from '../errors.ts'
import { readCompose } from '../recipe/compose-view.ts'
import { loadSettings } from '../settings/load.ts'
import { App, NoSuchPartError, NotRunningError } from './app.ts'

let docker: Docker
let stack: TestStack
let app: App
let deployed: Parameters<App['setDeployed']>[0]

beforeAll(async () => {
  const host = await testHost()
  docker = host.docker
  const services = { app: { volumes: ['data'] }, db: { volumes: [] } }
  stack = await openTestStack(docker, { image: host.image, name: host.unique, services })
  const folder = mkdtempSync(join(tmpdir(), 'ccci-app-'))
  writeFileSync(join(folder, 'compose.yml'), 'services: {app: {image: x}}\nvolumes: {data: {}, unused: {}}\n')
  const compose = await readCompose({ dir: folder, env: {}, stack: stack.name })
  rmSync(folder, { recursive: true })
  deployed = { version: '1.0.0+1', commit: 'c0ffee', env: {}, compose }
  const settings = await loadSettings()
  const { signal } = new AbortController()
  app = new App({
    docker,
    settings,
    recipe: 'small',
    domain: 'small.ci.test',
    stack: stack.name,
    runId: 'test',
    signal,
  })
  await app.setDeployed(deployed)
})
afterAll(async () => {
  await app.setDeployed(undefined)
  await app.http.close()
  await stack.remove()
})

const caught = (work: Promise<unknown>) => work.catch((error: unknown) => error)

test('a command runs in a service, text in a shell, and any exit code is an answer', async () => {
  expect(await app.exec('app', 'echo "$((1 + 1))"; echo no >&2; exit 3')).toMatchObject({
    exitCode: 3,
    stdout: '2\n',
    stderr: 'no\n',
  })
  expect((await app.exec('app', ['echo', '$HOME; a b'])).stdout).toBe('$HOME; a b\n')
  expect(await caught(app.exec('app', 'sleep 30', { timeoutMs: 300 }))).toBeInstanceOf(ExecTimeoutError)
})

test('a volume is reached from outside the app and inside it', async () => {
  const data = await app.volume('data')
  await data.write('note.txt', 'from outside')
  expect((await app.exec('app', 'cat /data/data/note.txt')).stdout).toBe('from outside')
  await app.exec('app', 'echo -n from inside > /data/data/note.txt')
  expect(await data.read('note.txt')).toBe('from inside')
  expect(await data.read('nothing.txt')).toBeUndefined()
})

test('a service or volume that the recipe does not have is named, with those that it has', async () => {
  const service = await caught(app.exec('web', 'true'))
  expect(service).toBeInstanceOf(NoSuchPartError)
  expect(String(service)).toMatch(/no service "web".\n {2}to do: It has: (app, db|db, app)\./)
  const volume = await caught(app.volume('content'))
  expect(volume).toBeInstanceOf(NoSuchPartError)
  expect(String(volume)).toContain('It has: data, unused.')
})

test('a volume that no service has made is no empty one', async () => {
  const error = await caught(app.volume('unused'))
  expect(error).toBeInstanceOf(NoSuchPartError)
  expect(String(error)).toContain('The volume "unused" of small was never made')
  expect(await docker.listVolumes({ filters: JSON.stringify({ name: [`${stack.name}_unused`] }) })).toMatchObject({
    Volumes: [],
  })
})

test('a service without a running container has nothing to run a command in', async () => {
  const [db] = await docker.listServices({ filters: { name: [`${stack.name}_db`] } })
  const service = docker.getService(db?.ID ?? '')
  const { Spec, Version } = await service.inspect()
  await service.update({ ...Spec, version: Version.Index, Mode: { Replicated: { Replicas: 0 } } })
  // Swarm ends the container in its own time.
  const error = await vi.waitFor(
    async () => {
      const seen = await caught(app.exec('db', 'true'))
      if (seen instanceof NotRunningError) return seen
      throw new Error(`still runs: ${JSON.stringify(seen)}`)
    },
    { timeout: 30_000 },
  )
  expect(error.message).toContain('The service "db" of small has no running container.')
})

test('while nothing is deployed, it says so', async () => {
  await app.setDeployed(undefined)
  expect(() => app.version).toThrow(UsageError)
  expect(() => app.version).toThrow('small is not deployed at the moment.')
  await app.setDeployed(deployed)
  expect(app.version).toBe('1.0.0+1')
})
