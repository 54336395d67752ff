import { posix } from 'node:path'
import type Docker from 'dockerode'
import { volumeExists } from '../docker/helper.ts'
import { insideVolume } from '../docker/volume-files.ts'
import { messageOf, RecipeError } from '../errors.ts'
import type { BackupTarget } from './backup.ts'

/** The recipe says that it can be backed up, and its labels leave nothing to save. */
export class NoVolumeBackedUpError extends RecipeError {}

/** A path in the labels that is none inside its volume. */
export class BackupPathError extends RecipeError {}

/** One volume to save and where it stands in the helper container. */
export interface Source {
  volume: string
  /** `/volumes/<volume>` */
  root: string
  /** What of it is saved: absolute in the helper; the root itself when the labels name no path. */
  paths: string[]
  /** True when the labels name the paths one by one. */
  limited: boolean
}

/** Where volumes stand in the helper container, each under its name. */
export const VOLUMES = '/volumes'

/**
 * What is to be saved.
 *
 * @throws {NoVolumeBackedUpError | BackupPathError}
 */
export function sourcesOf({ stack, spec }: BackupTarget): Source[] {
  const byName = new Map<string, Source>()
  for (const { name, paths } of spec.volumes) {
    const root = posix.join(VOLUMES, name)
    // Two services that share a volume may both name paths in it; one of them may want all of it.
    const earlier = byName.get(name)
    const limited = paths !== undefined && (earlier?.limited ?? true)
    const wanted = limited ? [...(earlier?.paths ?? []), ...pathsIn(root, name, paths)] : [root]
    byName.set(name, { volume: name, root, paths: [...new Set(wanted)], limited })
  }
  const sources = [...byName.values()]
  if (sources.some(({ paths }) => paths.length > 0)) return sources.filter(({ paths }) => paths.length > 0)
  throw new NoVolumeBackedUpError({
    happened: `${stack} says that it can be backed up (backupbot.backup), and nothing of it would be saved.`,
    lastSeen: spec.excluded.length > 0 ? `excluded volumes: ${spec.excluded.join(', ')}` : 'it has no volumes',
    todo: 'Take a volume back in (remove its backupbot.backup.volumes.<volume>=false), or remove backupbot.backup.',
  })
}

/**
 * As {@link sourcesOf}, without the volumes that no container has used yet (of a service with no replicas, say).
 *
 * @throws {NoVolumeBackedUpError | BackupPathError} the first also when none is there, or one whose paths are named.
 */
export async function presentSources(docker: Docker, target: BackupTarget): Promise<Source[]> {
  const sources = sourcesOf(target)
  const there = await Promise.all(sources.map(({ volume }) => volumeExists(docker, volume)))
  const found = sources.filter((_, index) => there[index])
  const absent = sources.filter((_, index) => !there[index])
  if (found.length > 0 && !absent.some(({ limited }) => limited)) return found
  throw new NoVolumeBackedUpError({
    happened: `${absent.map(({ volume }) => volume).join(', ')}, which the labels of ${target.stack} back up, does not exist.`,
    todo: 'Does a running service use it?',
  })
}

function pathsIn(root: string, volume: string, paths: string[]): string[] {
  try {
    return paths.map((path) => insideVolume(root, path))
  } catch (error) {
    throw new BackupPathError({
      happened: `The backup labels of the volume ${volume} name a path that is not inside it.`,
      lastSeen: messageOf(error),
      todo: "Paths in backupbot.backup.volumes.<volume>.path are relative to the volume's root.",
      cause: error,
    })
  }
}
