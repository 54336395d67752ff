import { dockerCliEnv } from '../../docker/cli-env.ts'
import { RecipeError } from '../../errors.ts'
import { ProgramError, run } from '../../process/run.ts'

/** `docker stack deploy` refused the recipe. */
export class StackDeployError extends RecipeError {}

export interface StackDeploy {
  dockerHost: string
  stack: string
  /** Compose files in their order, absolute. */
  files: string[]
  /** The only variables that may be interpolated: the app's own (abra.md §4 step 9). */
  env: Record<string, string>
  /** Whether swarm asks a registry for the digest; pointless when every image is local. */
  resolveImage: 'always' | 'never'
  cwd: string
  signal?: AbortSignal | undefined
}

/**
 * Runs `docker stack deploy`, which returns as soon as swarm has taken the stack.
 *
 * @throws {StackDeployError} with what docker said; {ProgramError} when docker is missing or was aborted.
 */
export async function stackDeploy(request: StackDeploy): Promise<void> {
  const args = ['stack', 'deploy', '--resolve-image', request.resolveImage]
  for (const file of request.files) args.push('--compose-file', file)
  try {
    await run('docker', [...args, request.stack], {
      cwd: request.cwd,
      cleanEnv: true,
      env: {
        ...request.env,
        ...dockerCliEnv(request.dockerHost),
      },
      signal: request.signal,
    })
  } catch (error) {
    if (!(error instanceof ProgramError) || !error.failed) throw error
    throw new StackDeployError({
      happened: `docker refuses to deploy ${request.stack}.`,
      lastSeen: error.output || `exit code ${error.exitCode}, no output`,
      todo: 'Mend what docker names in the compose file.',
      cause: error,
    })
  }
}
