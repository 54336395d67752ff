import type Docker from 'dockerode'
import { dockerCliEnv } from '../docker/cli-env.ts'
import { ProgramError, run } from '../process/run.ts'
import type { ComposeView } from '../recipe/compose-view.ts'

export interface ImagesRequest {
  docker: Docker
  dockerHost: string
  images: readonly string[]
  signal?: AbortSignal | undefined
}

export interface Fetched {
  /** Every image is on the engine under its own name. */
  local: boolean
  /** What could not be pulled; whether the app can do without it shows when it is deployed. */
  warnings: string[]
}

/** Longer than any deployment may take: that one's clock ends a pull that hangs. */
const PULL_MS = 86_400_000

/** The images of the services, each once. */
export const imagesOf = (compose: ComposeView): string[] => [
  ...new Set(Object.values(compose.services).flatMap(({ image }) => image ?? [])),
]

/**
 * Pulls the images that are not on the engine, by their names and before anything is deployed: the time that takes is no
 * part of the app's own, and what swarm itself pulls has no name, so that `docker image prune` takes it as soon as the app is
 * idle. An image that cannot be pulled is left to swarm, whose word on it is the app's end.
 *
 * @throws the signal's reason.
 */
export async function fetchImages({ docker, dockerHost, images, signal }: ImagesRequest): Promise<Fetched> {
  const warnings: string[] = []
  for (const image of images) {
    if (await isLocal(docker, image)) continue
    try {
      const env = dockerCliEnv(dockerHost)
      await run('docker', ['pull', '--quiet', image], { cleanEnv: true, env, signal, timeoutMs: PULL_MS })
    } catch (error) {
      signal?.throwIfAborted()
      if (!(error instanceof ProgramError)) throw error
      warnings.push(`the image ${image} could not be pulled: ${error.output.split('\n').at(-1) || error.told.happened}`)
    }
  }
  return { local: warnings.length === 0, warnings }
}

async function isLocal(docker: Docker, image: string): Promise<boolean> {
  try {
    await docker.getImage(image).inspect()
    return true
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return false
    throw error
  }
}
