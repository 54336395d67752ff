import type Docker from 'dockerode'
import { describeResidue, runningOf } from '../app/residue.ts'
import { HELPER_LABEL, STACK_LABEL } from '../docker/labels.ts'
import { AppStillDeployedError, VolumeInUseError } from './errors.ts'
import type { SnapshotVolume } from './manifest.ts'

/** The app a snapshot is of, and where it is kept. */
export interface SnapshotTarget {
  docker: Docker
  helperImage: string
  stateDir: string
  recipe: string
  stack: string
}

/** Marks the helper containers of snapshots: nobody but them has it. */
const SNAPSHOT_LABEL = 'cc-ci.snapshot'

/** Helper containers of a snapshot go with the stack; they are no run's. */
export const helperLabels = (stack: string): Record<string, string> => ({
  [HELPER_LABEL]: stack,
  [SNAPSHOT_LABEL]: stack,
})

/** How a volume was made. */
export type VolumeDescription = Pick<SnapshotVolume, 'name' | 'driver' | 'options' | 'labels'>

/** Removes the helper containers that a snapshot has left whose process was killed. */
export async function removeOrphans(docker: Docker, stack: string): Promise<void> {
  const left = await docker.listContainers({ all: true, filters: { label: [`${SNAPSHOT_LABEL}=${stack}`] } })
  await Promise.all(left.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })))
}

/**
 * All volumes of an undeployed app that nobody uses, sorted by name.
 *
 * @throws {AppStillDeployedError | VolumeInUseError}
 */
export async function idleVolumes(docker: Docker, stack: string): Promise<VolumeDescription[]> {
  const running = describeResidue(await runningOf(docker, stack))
  if (running.length > 0) throw new AppStillDeployedError(stack, running)
  const { Volumes: all } = await docker.listVolumes()
  const ours = (all ?? [])
    .filter(({ Name, Labels }) => Name.startsWith(`${stack}_`) || Labels?.[STACK_LABEL] === stack)
    .sort((one, other) => (one.Name < other.Name ? -1 : 1))
  for (const { Name } of ours) await mustBeIdle(docker, Name)
  return ours.map(({ Name: name, Driver: driver, Labels, Options }) => ({
    name,
    driver,
    options: Options ?? {},
    labels: Labels ?? {},
  }))
}

/** @throws {VolumeInUseError} */
async function mustBeIdle(docker: Docker, volume: string): Promise<void> {
  const users = await docker.listContainers({ all: true, filters: { volume: [volume] } })
  if (users.length === 0) return
  throw new VolumeInUseError(
    volume,
    users.map(({ Id, Names: [name], State }) => `container ${name?.slice(1) ?? Id} (${State})`),
  )
}
