import { execa } from 'execa'
import { FataError } from './fata.ts'

/** Calls docker, which ends when this program does. */
export async function docker(args: string[], options: { input?: string; env?: Record<string, string> } = {}) {
  const { PATH, HOME, DOCKER_HOST, DOCKER_CONFIG } = process.env
  const result = await execa('docker', args, {
    ...(options.input === undefined ? {} : { input: options.input }),
    env: { ...options.env, PATH, HOME, DOCKER_HOST, DOCKER_CONFIG },
    // The variables of the app, and no others, fill the compose files in.
    extendEnv: options.env === undefined,
    reject: false,
    all: true,
  })
  if (result.failed) throw new FataError(result.all.trim() || `docker ${args[0]} failed`)
  return result.stdout
}

/** The names of all secrets. */
export const secretNames = async (): Promise<string[]> =>
  (await docker(['secret', 'ls', '--format', '{{.Name}}'])).split('\n')
