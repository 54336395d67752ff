import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createConnection, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { STACK_LABEL } from '../docker/labels.ts'
import { testHost } from '../docker/test-stack.ts'
import { loadSettings } from '../settings/load.ts'
import { warmFolder } from './place.ts'
import { takeSnapshot } from './take.ts'
import { inVolume, listing } from './test-volumes.ts'
import type { SnapshotTarget } from './volumes.ts'

/** An undeployed app with volumes of its own, and a state directory. */
export interface TestApp extends AsyncDisposable {
  target: SnapshotTarget
  /** The same for another process. */
  where: Omit<SnapshotTarget, 'docker'> & { dockerHost: string }
  /** `<state directory>/warm/<recipe>`, with a last-good.json in it. */
  folder: string
  volume(name: string): string
  sh(volume: string, script: string): Promise<string>
  list(volume: string): Promise<string[]>
  take(version: string): ReturnType<typeof takeSnapshot>
  /** What stands in the folder of the snapshots. */
  beside(): string[]
  /** The helper containers of snapshots that are there. */
  helpers(): Promise<string[]>
}

let count = 0

/** Makes the app with these volumes, all empty. */
export async function testApp(volumes: string[]): Promise<TestApp> {
  const { docker, image, unique } = await testHost()
  const { dockerHost } = await loadSettings()
  count += 1
  const stack = `${unique}-${count}`
  const stateDir = mkdtempSync(join(tmpdir(), 'cc-ci-snapshot-'))
  const target = { docker, helperImage: image, stateDir, recipe: 'some-app', stack }
  const { docker: _, ...rest } = target
  const volume = (name: string) => `${stack}_${name}`
  for (const name of volumes) await docker.createVolume({ Name: volume(name), Labels: { [STACK_LABEL]: stack } })
  const folder = warmFolder(stateDir, target.recipe)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'last-good.json'), '{ "version": "0" }')
  return {
    target,
    where: { ...rest, dockerHost },
    folder,
    volume,
    sh: (name, script) =>
      inVolume({ docker, image }, volume(name), async (helper) => {
        return (await helper.execOk(['sh', '-euc', script], { workdir: '/v' })).stdout
      }),
    list: (name) => inVolume({ docker, image }, volume(name), listing),
    take: (version) => takeSnapshot(target, { version, commit: 'c0ffee', timeoutMs: 60_000 }),
    beside: () => readdirSync(folder).sort(),
    async helpers() {
      const found = await docker.listContainers({ all: true, filters: { label: [`cc-ci.snapshot=${stack}`] } })
      return found.map(({ Id }) => Id)
    },
    async [Symbol.asyncDispose]() {
      const left = await docker.listContainers({ all: true, filters: { label: [`cc-ci.snapshot=${stack}`] } })
      for (const { Id } of left) await docker.getContainer(Id).remove({ force: true })
      const { Volumes: all } = await docker.listVolumes()
      for (const { Name } of all ?? []) if (Name.startsWith(`${stack}_`)) await docker.getVolume(Name).remove()
      rmSync(stateDir, { recursive: true, force: true })
    },
  }
}

/** The same engine, reached over TCP. */
export async function overNetwork(dockerHost: string): Promise<AsyncDisposable & { dockerHost: string }> {
  const { host, hostname, port } = new URL(dockerHost)
  const there = host ? { host: hostname, port: Number(port) } : { path: dockerHost.replace('unix://', '') }
  const server = createServer({ allowHalfOpen: true }, (one) => {
    const other = createConnection({ ...there, allowHalfOpen: true })
    one.pipe(other).pipe(one)
    one.on('error', () => other.destroy())
    other.on('error', () => one.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    dockerHost: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.close()
    },
  }
}
