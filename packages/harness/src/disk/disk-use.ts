import { stat, statfs } from 'node:fs/promises'
import type Docker from 'dockerode'

/** How full a file system is. */
export interface DiskUse {
  path: string
  /** Of what users may fill, as `df` counts; rounded down to a tenth. */
  percent: number
  freeBytes: number
}

/** How full the file system of a folder is. @throws the system's error, when the folder cannot be looked at. */
export async function diskUse(path: string): Promise<DiskUse> {
  const { blocks, bfree, bavail, bsize } = await statfs(path)
  const used = blocks - bfree
  const all = used + bavail
  return { path, percent: all === 0 ? 0 : Math.floor((used * 1000) / all) / 10, freeBytes: bavail * bsize }
}

/**
 * How full the disks are that pruning Docker could relieve: `/`, and that of the engine's data where it is another. None
 * when the engine is reached over the network: its disks cannot be seen from here.
 */
export async function engineDisks(docker: Docker, dockerHost: string): Promise<DiskUse[]> {
  if (!dockerHost.startsWith('unix://')) return []
  const root = await diskUse('/')
  const { DockerRootDir: data } = (await docker.info()) as { DockerRootDir?: string }
  return data && (await isOnAnother(data)) ? [root, await diskUse(data)] : [root]
}

/** A folder that is not there belongs to an engine in a container or on another machine. */
async function isOnAnother(folder: string): Promise<boolean> {
  try {
    return (await stat(folder)).dev !== (await stat('/')).dev
  } catch {
    return false
  }
}
