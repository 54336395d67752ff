import type Docker from 'dockerode'
import { CcciError, messageOf } from '../errors.ts'
import { type ExecOptions, type ExecResult, execIn, execOk } from './exec.ts'

/** The image of the helper container is not there. */
export class HelperImageMissingError extends CcciError {
  constructor(image: string, cause: unknown) {
    super({
      happened: `The image ${image} of the helper container is not there.`,
      lastSeen: messageOf(cause),
      todo: 'On a developer machine `npm run dev-host -- up` builds it. Elsewhere name an image that has a shell, coreutils and restic: the setting helperImage, or CCCI_HELPER_IMAGE.',
      cause,
    })
  }
}

/** A volume that was to be reached does not exist. */
export class VolumeMissingError extends CcciError {}

export interface HelperVolume {
  /** The volume's name in Docker. */
  name: string
  /** Where it stands in the helper: an absolute path. */
  target: string
  readOnly: boolean
}

/** A folder of the engine's machine in a helper container. */
export interface HelperFolder {
  source: string
  target: string
}

export interface HelperOptions {
  image: string
  name?: string
  /** By these a teardown finds the container when its owner died. */
  labels: Record<string, string>
  volumes: HelperVolume[]
  /** Folders of the engine's machine; the engine refuses one that is not there. */
  folders?: HelperFolder[]
  /** What keeps it alive. Default: `sleep infinity`. */
  command?: string[]
  signal?: AbortSignal | undefined
}

/** A container of our own beside an app, to reach volumes whose own container may have no shell. */
export interface Helper {
  readonly id: string
  /** As `execIn`: any exit code is an answer. */
  exec(command: string[], options?: ExecOptions): Promise<ExecResult>
  /** As `execOk`: throws `ExecError` when the exit code is not 0. */
  execOk(command: string[], options?: ExecOptions): Promise<ExecResult>
  /** Removes the container, whatever runs in it. Idempotent. */
  close(): Promise<void>
}

/**
 * Starts a helper container: no network, root, an init that reaps what an aborted command leaves.
 *
 * @throws {HelperImageMissingError | VolumeMissingError}
 */
export async function openHelper(docker: Docker, options: HelperOptions): Promise<Helper> {
  options.signal?.throwIfAborted()
  await Promise.all(options.volumes.map(({ name }) => mustExist(docker, name)))
  const container = await create(docker, options)
  const close = () => remove(container)
  try {
    await container.start()
    options.signal?.throwIfAborted()
  } catch (error) {
    await close()
    throw error
  }
  return {
    id: container.id,
    exec: (command, execOptions) => execIn(docker, container.id, command, execOptions),
    execOk: (command, execOptions) =>
      execOk(docker, container.id, command, { where: `the helper container (${options.image})`, ...execOptions }),
    close,
  }
}

/** True when there is such a volume. */
export async function volumeExists(docker: Docker, volume: string): Promise<boolean> {
  try {
    await docker.getVolume(volume).inspect()
    return true
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return false
    throw error
  }
}

async function mustExist(docker: Docker, volume: string): Promise<void> {
  if (await volumeExists(docker, volume)) return
  // Mounting it would make an empty one that nobody owns.
  throw new VolumeMissingError({
    happened: `There is no volume ${volume}.`,
    todo: 'Is the app deployed, and does a running service use that volume?',
  })
}

async function create(docker: Docker, options: HelperOptions): Promise<Docker.Container> {
  const { image } = options
  const [file = 'sleep', ...args] = options.command ?? ['sleep', 'infinity']
  try {
    return await docker.createContainer({
      ...(options.name === undefined ? {} : { name: options.name }),
      Image: image,
      Labels: options.labels,
      User: '0:0',
      WorkingDir: '/',
      Entrypoint: [file],
      Cmd: args,
      // Not the network mode "none", for which the engine sets a network up all the same: a third of the time to start.
      NetworkDisabled: true,
      HostConfig: {
        Init: true,
        Mounts: [
          ...options.volumes.map(({ name, target, readOnly }) => ({
            Type: 'volume' as const,
            Source: name,
            Target: target,
            ReadOnly: readOnly,
            VolumeOptions: { NoCopy: true, Labels: {}, DriverConfig: { Name: 'local', Options: {} } },
          })),
          ...(options.folders ?? []).map(({ source, target }) => ({
            Type: 'bind' as const,
            Source: source,
            Target: target,
          })),
        ],
      },
    })
  } catch (error) {
    if (!/no such image/i.test(messageOf(error))) throw error
    throw new HelperImageMissingError(image, error)
  }
}

async function remove(container: Docker.Container): Promise<void> {
  try {
    await container.remove({ force: true, v: true })
  } catch (error) {
    const { statusCode } = error as { statusCode?: number }
    if (statusCode === 404) return
    // Somebody else is removing it: wait for the end of that.
    if (statusCode === 409) await container.wait({ condition: 'removed' }).catch(() => {})
    else throw error
  }
}
