import { rmSync } from 'node:fs'
import { hostFile, run, type Settings, UsageError } from '@cc-ci/harness'
import type Docker from 'dockerode'
import { endProcess } from './end-process.ts'
import { SHARED_APPS, sharedAmong } from './extras.ts'
import { hasGitea, removeGitea } from './gitea-host.ts'
import { type Made, readHost } from './host.ts'
import { removeImages } from './images.ts'
import { openOverlayPort } from './overlay-port.ts'
import { devHostPaths } from './paths.ts'
import { preflight } from './preflight.ts'
import { removeProxy } from './proxy-container.ts'
import { stopRouter } from './router-process.ts'
import { extraStack, removeExtra } from './shared-apps.ts'
import { findNetwork, GATEWAY_NETWORK } from './swarm.ts'
import { until } from './until.ts'
import type { Part } from './up.ts'

/** Stacks are still deployed, of runs that go on perhaps. */
class StacksLeftError extends UsageError {}

export interface DownOptions {
  /** Remove the images too. */
  all: boolean
  /** Go on although stacks are still there. */
  force: boolean
}

/** The engine's own shutdown stops its containers first; this is for all of it, in milliseconds. */
const ENGINE_STOP_MS = 30_000

/** Everything `down` does, in order: it takes away what `up` made, and nothing else. */
export async function downParts(settings: Settings, options: DownOptions): Promise<Part[]> {
  const paths = devHostPaths(settings.stateDir)
  const { made } = readHost(settings.stateDir)
  const docker = await engineOrNothing(settings)
  const withDocker = (title: string, work: (docker: Docker) => Promise<string>): Part => ({
    title,
    work: async () => (docker ? await work(docker) : 'no engine answers'),
  })
  return [
    withDocker('Stacks', async (docker) => {
      const ours = sharedAmong(made.extras).map((extra) => extraStack(extra, settings))
      const left = (await stacksInTheWay(docker, made)).filter((stack) => !ours.includes(stack))
      if (left.length === 0) return 'none in the way'
      if (options.force) return `left behind: ${left.join(', ')}`
      throw new StacksLeftError({
        happened: 'Stacks are still deployed on this dev host.',
        lastSeen: left.join(', '),
        todo: 'Wait for their runs to end, or remove them (docker stack rm <name>), or go on without: down --force',
      })
    }),
    ...sharedAmong(made.extras).map((extra) => ({
      title: SHARED_APPS[extra].title,
      work: () => removeExtra(extra, docker, settings),
    })),
    ...(hasGitea(settings) ? [{ title: 'Gitea', work: () => removeGitea(settings, options.all) }] : []),
    { title: 'Router', work: async () => ((await stopRouter(paths)) ? 'ended' : 'not running') },
    withDocker('Proxy', async (docker) => ((await removeProxy(docker, settings.stateDir)) ? 'removed' : 'not there')),
    withDocker('Images', async (docker) =>
      options.all ? `${await removeImages(docker)} names removed` : 'kept (--all removes them)',
    ),
    withDocker('Network', (docker) => removeNetwork(docker, made)),
    withDocker('Swarm', (docker) => leaveSwarm(docker, made)),
    { title: 'Docker engine', work: () => stopEngine(made) },
    {
      title: 'Files',
      async work() {
        rmSync(paths.root, { recursive: true, force: true })
        rmSync(hostFile(settings.stateDir), { force: true })
        return 'removed'
      },
    },
  ]
}

async function engineOrNothing(settings: Settings): Promise<Docker | undefined> {
  try {
    return await preflight({ ...settings, minFreeDisk: 0 })
  } catch {
    return undefined
  }
}

/** Stacks that would lose their network or their swarm. */
async function stacksInTheWay(docker: Docker, made: Made): Promise<string[]> {
  if (!made.network && !made.swarm && !made.engine) return []
  const services = await docker.listServices().catch(() => [])
  return [...new Set(services.map(({ ID, Spec }) => Spec?.Labels?.['com.docker.stack.namespace'] ?? Spec?.Name ?? ID))]
}

async function removeNetwork(docker: Docker, made: Made): Promise<string> {
  if (!made.network) return 'not ours'
  const network = await findNetwork(docker, made.network)
  if (!network) return 'not there'
  await docker.getNetwork(network.Id).remove()
  return 'removed'
}

async function leaveSwarm(docker: Docker, made: Made): Promise<string> {
  if (!made.swarm) return 'not ours'
  await docker.swarmLeave({ force: true })
  await openOverlayPort()
  if (made.swarm.gateway) {
    const gateway = await findNetwork(docker, GATEWAY_NETWORK)
    // Its last end point goes a moment after the swarm.
    if (gateway) {
      await until(
        () =>
          docker
            .getNetwork(gateway.Id)
            .remove()
            .then(
              () => true,
              () => false,
            ),
        { deadlineMs: 5_000 },
      )
    }
  }
  return 'left'
}

async function stopEngine(made: Made): Promise<string> {
  if (!made.engine) return 'not ours'
  if ('unit' in made.engine) {
    await run('systemctl', ['stop', `${made.engine.unit}.socket`, made.engine.unit], { timeoutMs: ENGINE_STOP_MS })
  } else {
    await endProcess(made.engine.process, ENGINE_STOP_MS)
  }
  return 'ended'
}
