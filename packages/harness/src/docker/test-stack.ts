import { randomBytes } from 'node:crypto'
import type Docker from 'dockerode'
import { stringify } from 'yaml'
import { removeStack } from '../app/teardown.ts'
import { run } from '../process/run.ts'
import { loadSettings } from '../settings/load.ts'
import { connectSwarm } from './connect.ts'
import { converge } from './converge.ts'
import { type ExecOptions, type ExecResult, execIn } from './exec.ts'

/** What a test on the real swarm begins with: the engine, the helper image, and names that no other test has. */
export async function testHost(): Promise<{ docker: Docker; image: string; unique: string }> {
  const { dockerHost, helperImage } = await loadSettings()
  return {
    docker: await connectSwarm(dockerHost),
    image: helperImage,
    unique: `test-${randomBytes(3).toString('hex')}`,
  }
}

/** Services that only sleep, each with its volumes at `/data/<volume>`. */
export interface TestStackOptions {
  image: string
  name: string
  services: Record<string, { volumes: string[] }>
}

/** A small stack of a test. */
export interface TestStack {
  readonly name: string
  /** Runs a script with `sh -c` in the running container of a service. */
  sh(service: string, script: string, options?: ExecOptions): Promise<ExecResult>
  container(service: string): Promise<string>
  /** Takes every trace of it away. */
  remove(): Promise<void>
}

/** Deploys a {@link TestStack} and waits until it runs. */
export async function openTestStack(docker: Docker, options: TestStackOptions): Promise<TestStack> {
  const { name, image, services } = options
  const compose = stringify({
    version: '3.8',
    services: Object.fromEntries(
      Object.entries(services).map(([service, { volumes }]) => [
        service,
        {
          image,
          init: true,
          command: ['sleep', 'infinity'],
          volumes: volumes.map((volume) => `${volume}:/data/${volume}`),
          deploy: { endpoint_mode: 'dnsrr', restart_policy: { delay: '100ms' } },
        },
      ]),
    ),
    volumes: Object.fromEntries(
      Object.values(services).flatMap(({ volumes }) => volumes.map((volume) => [volume, {}])),
    ),
  })
  const remove = () => removeStack(docker, name, { timeoutMs: 60_000 })
  async function container(service: string): Promise<string> {
    const [found] = await docker.listContainers({
      filters: { label: [`com.docker.swarm.service.name=${name}_${service}`], status: ['running'] },
    })
    if (!found) throw new Error(`no container of ${name}_${service} is running`)
    return found.Id
  }
  try {
    await run('docker', ['stack', 'deploy', '--resolve-image', 'never', '-c', '-', name], { input: compose })
    await converge(docker, name, { timeoutMs: 60_000 })
  } catch (error) {
    await remove()
    throw error
  }
  return {
    name,
    container,
    remove,
    sh: async (service, script, execOptions) =>
      await execIn(docker, await container(service), ['sh', '-c', script], execOptions),
  }
}
