import type Docker from 'dockerode'
import { CcciError, messageOf } from '../errors.ts'
import { loadDockerode } from './dockerode.ts'

/** No Docker engine answers where it was looked for. */
export class DockerUnreachableError extends CcciError {}

/** The engine is there and this user may not use it. */
export class DockerForbiddenError extends CcciError {}

/** The engine answers but is no swarm manager. */
export class NoSwarmError extends CcciError {}

/** A client for the engine at `dockerHost` (`unix:///…` or `tcp://host:port`). Does not connect yet. */
export function dockerClient(dockerHost: string): Docker {
  // Only now: not every process talks to Docker.
  const Client = loadDockerode()
  if (dockerHost.startsWith('unix://')) return new Client({ socketPath: dockerHost.slice('unix://'.length) })
  const url = new URL(dockerHost)
  return new Client({ host: url.hostname, port: Number(url.port || 2375), protocol: 'http' })
}

/**
 * Connects to the engine and checks that it is an active swarm manager.
 *
 * @throws {DockerUnreachableError | DockerForbiddenError | NoSwarmError}
 */
export async function connectSwarm(dockerHost: string): Promise<Docker> {
  const docker = await connectDocker(dockerHost)
  const info = (await docker.info()) as { Swarm?: { LocalNodeState?: string; ControlAvailable?: boolean } }
  if (info.Swarm?.LocalNodeState !== 'active' || !info.Swarm.ControlAvailable) {
    throw new NoSwarmError({
      happened: `The Docker engine at ${dockerHost} is not a swarm manager.`,
      lastSeen: `swarm state "${info.Swarm?.LocalNodeState ?? 'unknown'}", manager: ${info.Swarm?.ControlAvailable ? 'yes' : 'no'}`,
      todo: 'On a developer machine: npm run dev-host -- up. On a host: docker swarm init.',
    })
  }
  return docker
}

/** An engine that is alive answers a ping at once, even on a busy machine. */
const PING_TIMEOUT_MS = 10_000

/** dockerode's types do not know that a ping can be aborted. */
type Ping = (options: { abortSignal: AbortSignal }) => Promise<unknown>

/**
 * Connects to the engine.
 *
 * @throws {DockerUnreachableError | DockerForbiddenError}
 */
export async function connectDocker(dockerHost: string): Promise<Docker> {
  const docker = dockerClient(dockerHost)
  const clock = AbortSignal.timeout(PING_TIMEOUT_MS)
  try {
    await (docker.ping as Ping)({ abortSignal: clock })
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'EACCES' || code === 'EPERM') {
      throw new DockerForbiddenError({
        happened: `This user may not use the Docker engine at ${dockerHost}.`,
        lastSeen: messageOf(error),
        todo: 'Run as root, or let an administrator add you to the docker group and log in again.',
        cause: error,
      })
    }
    const happened = `No Docker engine answers at ${dockerHost}.`
    if (clock.aborted) {
      throw new DockerUnreachableError({
        happened,
        lastSeen: `something listens there and said nothing for ${PING_TIMEOUT_MS / 1000} s`,
        todo: 'Restart that engine, or set DOCKER_HOST to another one.',
        cause: error,
      })
    }
    throw new DockerUnreachableError({
      happened,
      lastSeen: messageOf(error),
      todo: 'Bring one up with: npm run dev-host -- up (as root), or set DOCKER_HOST to the engine to use.',
      cause: error,
    })
  }
  return docker
}
