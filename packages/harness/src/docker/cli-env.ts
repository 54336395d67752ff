import { homedir } from 'node:os'
import { join } from 'node:path'

/** All that the docker command line needs of the environment: where it is, its engine, and who is logged in where. */
export const dockerCliEnv = (dockerHost: string): Record<string, string | undefined> => ({
  PATH: process.env.PATH,
  DOCKER_HOST: dockerHost,
  DOCKER_CONFIG: process.env.DOCKER_CONFIG ?? join(homedir(), '.docker'),
})
