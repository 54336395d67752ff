import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'

const pipeline = z.object({
  kind: z.literal('pipeline'),
  type: z.literal('exec'),
  name: z.string(),
  platform: z.object({ os: z.string(), arch: z.string() }),
  trigger: z.object({ event: z.array(z.string()) }),
  concurrency: z.object({ limit: z.number().int().positive() }),
  steps: z.array(
    z.strictObject({
      name: z.string().min(1),
      environment: z.record(z.string(), z.string()),
      commands: z.array(z.string()),
    }),
  ),
})

export type DronePipeline = z.infer<typeof pipeline>

/** The repository that the pipelines are of. */
export const REPOSITORY = join(import.meta.dirname, '../../..')

export const droneYml = (): string => readFileSync(join(REPOSITORY, '.drone.yml'), 'utf8')

/** The pipelines of `.drone.yml`, for the tests that run them as Drone's exec runner does. */
export const dronePipelines = (): DronePipeline[] =>
  parseAllDocuments(droneYml()).map((document) => pipeline.parse(document.toJS()))

/** A step as the exec runner makes it: one file for `/bin/sh -e`, each command echoed first. */
export const stepScript = (commands: readonly string[]): string =>
  commands.map((command) => `echo '+ ${command.replaceAll("'", `'"'"'`)}'\n${command}\n`).join('')

/**
 * The environment of a step of a custom build, later things winning as Drone has it: the host's PATH and USER, the params,
 * Drone's own, the folder made for the build, the step's.
 */
export function stepEnvironment(
  { PATH, USER = 'root' }: NodeJS.ProcessEnv,
  params: Record<string, string>,
  workspace: string,
  step: Record<string, string>,
): Record<string, string | undefined> {
  const sha = 'c'.repeat(40)
  return {
    PATH,
    USER,
    ...params,
    CI: 'true',
    DRONE: 'true',
    DRONE_BUILD_EVENT: 'custom',
    DRONE_BUILD_TRIGGER: 'ci-bot',
    DRONE_BUILD_NUMBER: '42',
    DRONE_BUILD_STATUS: 'success',
    DRONE_COMMIT: sha,
    DRONE_COMMIT_SHA: sha,
    DRONE_COMMIT_REF: 'refs/heads/main',
    DRONE_BRANCH: 'main',
    DRONE_REPO: 'ci/cc-ci',
    DRONE_STAGE_NAME: 'recipe',
    DRONE_STEP_NAME: 'run',
    DRONE_WORKSPACE: workspace,
    HOME: workspace,
    DRONE_HOME: workspace,
    ...step,
  }
}
