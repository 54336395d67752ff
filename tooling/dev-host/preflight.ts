import { mkdirSync } from 'node:fs'
import { checkDisk, connectDocker, DockerUnreachableError, type Settings, UsageError } from '@cc-ci/harness'
import type Docker from 'dockerode'
import { isRoot, NotRootError } from './system.ts'

/** This is not Linux. */
class NotLinuxError extends UsageError {}

/**
 * Checks what nothing can be done about later, before anything is touched, and returns the engine if one answers already.
 *
 * @throws {NotLinuxError | NotRootError | DiskFullError | DockerForbiddenError}
 */
export async function preflight(settings: Settings): Promise<Docker | undefined> {
  if (process.platform !== 'linux') {
    throw new NotLinuxError({
      happened: `A dev host needs Linux, and this is ${process.platform}.`,
      todo: 'Use a Debian machine, a virtual one for instance.',
    })
  }
  const docker = await engineIfAny(settings.dockerHost)
  if (!docker) checkMayStartEngine(settings.dockerHost)
  mkdirSync(settings.stateDir, { recursive: true })
  const root = docker ? ((await docker.info()) as { DockerRootDir?: string }).DockerRootDir : undefined
  for (const folder of new Set([settings.stateDir, root ?? '/var/lib'])) await checkDisk(folder, settings.minFreeDisk)
  return docker
}

/**
 * @param root whether this user is root
 * @throws {NotRootError} telling both ways out
 */
export function checkMayStartEngine(dockerHost: string, root = isRoot()): void {
  if (root) return
  throw new NotRootError({
    happened: `No Docker engine answers at ${dockerHost}, and only root can install or start one.`,
    todo: [
      'Either run this as root: a Docker engine is then installed from Debian and started.',
      'Or use an engine that is there: set DOCKER_HOST to it, and be a member of the docker group.',
    ].join('\n'),
  })
}

async function engineIfAny(dockerHost: string): Promise<Docker | undefined> {
  try {
    return await connectDocker(dockerHost)
  } catch (error) {
    if (error instanceof DockerUnreachableError) return undefined
    throw error
  }
}
