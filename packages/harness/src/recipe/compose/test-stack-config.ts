import { run } from '../../process/run.ts'

/** Docker clients before 25 have no such command. */
export const hasStackConfig = await run('docker', ['stack', 'config', '--help']).then(
  ({ stdout }) => stdout.includes('docker stack config'),
  () => false,
)

export interface StackConfig {
  /** The only variables there are. */
  env?: Record<string, string>
  skipInterpolation?: boolean
}

/**
 * What Docker's own loader makes of the service `app` of a compose file, as YAML. No engine is asked.
 *
 * @throws {ProgramError} with Docker's words when it refuses the file.
 */
export async function stackConfig(
  app: object,
  { env = {}, skipInterpolation = false }: StackConfig = {},
): Promise<string> {
  const flags = skipInterpolation ? ['--skip-interpolation'] : []
  const { stdout } = await run('docker', ['stack', 'config', ...flags, '--compose-file', '-'], {
    // JSON is YAML in which text is always quoted.
    input: JSON.stringify({ version: '3.8', services: { app: { image: 'none:1', ...app } } }),
    cleanEnv: true,
    env: { ...env, PATH: process.env.PATH },
  })
  return stdout
}
