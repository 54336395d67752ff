import { mkdirSync, statfsSync } from 'node:fs'
import { CcciError, connectDocker, DockerUnreachableError, type Settings, UsageError } from '@cc-ci/harness'
import type Docker from 'dockerode'
import { isRoot, NotRootError } from './system.ts'

/** This is not Linux. */
class NotLinuxError extends UsageError {}

/** The disk is nearly full. */
export class DiskFullError extends CcciError {}

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
  for (const folder of new Set([settings.stateDir, root ?? '/var/lib'])) checkDisk(folder, settings.minFreeDisk)
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

/**
 * @param needed bytes that must be free on the folder's disk
 * @throws {DiskFullError}
 */
export function checkDisk(folder: string, needed: number): void {
  const free = freeBytes(folder)
  if (free === undefined || free >= needed) return
  throw new DiskFullError({
    happened: `The disk that holds ${folder} is nearly full.`,
    lastSeen: `${inMegabytes(free)} free (${free} bytes), ${inMegabytes(needed)} needed (${needed} bytes)`,
    todo: 'Free some space (docker image prune), or set CCCI_MIN_FREE_DISK lower at your own risk.',
  })
}

function freeBytes(folder: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch {
    // The engine's folder is on another machine, or not this user's to look at.
    return undefined
  }
}

const inMegabytes = (bytes: number): string => `${Math.floor(bytes / 2 ** 20)} MB`
