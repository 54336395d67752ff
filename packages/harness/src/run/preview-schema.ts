import { z } from 'zod'
import { lintReport } from '../recipe/lint/report.ts'
import { RUN_STAGES } from './stages.ts'

/** The version of a plan's shape; raised when a reader of the old one would be misled by the new one. */
export const PREVIEW_VERSION = 1

const seconds = z.number().int().positive()
const named = z.object({ key: z.string(), name: z.string().describe('Its name in Docker.'), external: z.boolean() })

/** What a run would do: the shape of `cc-ci plan --json`. */
export const runPreview = z
  .object({
    schemaVersion: z.literal(PREVIEW_VERSION),
    recipe: z.string(),
    origin: z.string().describe('Where it was fetched from.'),
    ref: z.string().optional().describe('The git ref that was asked for.'),
    pr: z.string().optional().describe('The number of the pull request.'),
    mode: z.literal('cold').describe('cold: every deployment of the run is made for it.'),
    quick: z.string().optional().describe('What a quick run would do, where one was asked for.'),
    suite: z.string().describe("The suite that tests it: the recipe's own in packages/recipes, or generic."),
    version: z.string().describe('The version under test; empty when the recipe has none.'),
    commit: z.string(),
    why: z.string().describe('Why this is the version under test.'),
    bases: z
      .array(z.object({ version: z.string(), commit: z.string().optional().describe('Absent: it is not published.') }))
      .describe('The versions to upgrade from.'),
    basesWhy: z.string(),
    domain: z.string(),
    url: z.string(),
    stack: z.string(),
    plan: z.enum(['full', 'single']),
    stages: z.array(
      z.object({
        stage: z.enum(RUN_STAGES),
        outcome: z.enum(['runs', 'not applicable', 'unverified', 'not asked for']),
        reason: z.string().optional(),
      }),
    ),
    deployments: z
      .array(z.object({ purpose: z.enum(['install', 'upgrade base', 'restore']), version: z.string() }))
      .describe('Every fresh deployment of a run in which nothing fails, in their order; the run counts them.'),
    env: z.record(z.string(), z.string()).describe("The app's variables at the version under test, secrets masked."),
    composeFiles: z.array(z.string()).describe('In the order in which they are merged, relative to the recipe.'),
    services: z.array(
      z.object({
        name: z.string(),
        image: z.string(),
        mode: z.string(),
        replicas: z.number().int(),
        local: z.boolean().optional().describe('Whether the image is on this host; absent: unknown.'),
      }),
    ),
    secrets: z.array(
      z.object({
        key: z.string(),
        name: z.string().describe('Its name in Docker.'),
        from: z.enum(['generated', 'options', 'nobody']).describe('Who gives its value.'),
        length: z.number().int().optional(),
        charset: z.string().optional(),
        problem: z.string().optional().describe('Why a run could not make it.'),
      }),
    ),
    configs: z.array(named.extend({ file: z.string().optional().describe('Relative to the recipe.') })),
    volumes: z.array(named),
    networks: z.array(named),
    backup: z
      .object({
        services: z.array(z.string()).describe('Those with backupbot.backup.'),
        volumes: z.array(z.object({ key: z.string(), paths: z.array(z.string()).optional().describe('Absent: all.') })),
        excluded: z.array(z.string()),
        hooks: z.array(z.object({ service: z.string(), when: z.string(), command: z.string() })),
        warnings: z.array(z.string()),
      })
      .optional()
      .describe('What the backup labels ask for; absent: the recipe cannot be backed up.'),
    dependencies: z.array(z.string()).describe('Other apps that the custom tests need.'),
    health: z.object({ path: z.string(), statuses: z.array(z.number().int()) }),
    timeouts: z
      .object({ queue: seconds, deploy: seconds, http: seconds, settle: seconds, use: seconds, teardown: seconds })
      .describe('In seconds.'),
    weight: z.number().int().describe("How much of the host's capacity a run takes."),
    host: z.object({
      engine: z.string().describe('The deploy engine.'),
      docker: z.string().describe('Where the Docker engine was looked for.'),
      quirks: z.array(z.string()).describe('Differences of this host that would be handled.'),
      problems: z.array(z.string()).describe('What would keep a run from deploying here.'),
      unknown: z.array(z.string()).describe('What could not be looked at.'),
    }),
    lint: lintReport,
    customisation: z.record(z.string(), z.unknown()).describe('The options in force.'),
    customisationFrom: z.record(z.string(), z.string()).describe('Which file each of them comes from.'),
    warnings: z.array(z.string()),
  })
  .describe('What a cc-ci run would do (cc-ci plan --json).')

export type RunPreview = z.infer<typeof runPreview>

/** The published schema of a plan: JSON Schema 2020-12, as it stands in `docs/plan.schema.json`. */
export function previewSchema(): unknown {
  return z.toJSONSchema(runPreview, { io: 'input' })
}
