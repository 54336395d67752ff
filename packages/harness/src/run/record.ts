import { z } from 'zod'
import { lintRule } from '../recipe/lint/report.ts'
import { RUN_STAGES, STAGES } from './stages.ts'

/** The version of the record's shape; raised when a reader of the old one would be misled by the new one. */
export const RECORD_VERSION = 1

const stage = z.enum(STAGES)
const runStage = z.enum(RUN_STAGES)
const outcome = z.enum(['pass', 'fail', 'blocked', 'not applicable', 'unverified', 'not run'])
const blame = z.enum(['recipe', 'infrastructure', 'usage'])
const milliseconds = z.number().nonnegative()
const time = z.iso.datetime()

const testRecord = z.object({
  name: z.string(),
  outcome,
  reason: z.string().optional().describe('Why it did not pass.'),
  durationMs: milliseconds,
  error: z
    .object({
      name: z.string(),
      message: z.string(),
      place: z.string().optional().describe('Where it was thrown: file, line and column.'),
    })
    .optional()
    .describe('The first error it ended with.'),
})

const stageRecord = z.object({
  stage: runStage,
  outcome,
  reason: z
    .string()
    .optional()
    .describe('Why the stage has this outcome, unless it passed; of lint that passed, what it warns of.'),
  durationMs: milliseconds.describe('From the start of its first test to the end of its last.'),
  details: z.array(z.string()).optional().describe('What was measured in it, in words.'),
  tests: z.array(testRecord),
  rules: z.array(lintRule).optional().describe('Of lint: what each rule says.'),
})

const upgradeRecord = z.object({
  from: z.string(),
  to: z.string(),
  completed: z.boolean().describe('False: it failed, or changed nothing.'),
  downtimeMs: milliseconds.describe(
    'All the time that the app gave no good answer, from before the upgrade until ready.',
  ),
  longestMs: milliseconds.describe('The longest time on end.'),
  looks: z.number().int().describe('How often the app was asked.'),
  failed: z.number().int().describe('How often it gave no good answer.'),
  dropped: z
    .array(z.string())
    .describe('Services of the version before that the new one has no more: they go on running.'),
})

const stepRecord = z.object({
  text: z.string(),
  kind: z.enum(['step', 'done']).describe('step: what was being done or waited for; done: a step worth keeping.'),
  at: time.describe('When a step began, or when a done one ended.'),
  durationMs: milliseconds,
})

/** What a run leaves behind: the shape of `run.json`. */
export const runRecord = z
  .object({
    schemaVersion: z.literal(RECORD_VERSION),
    id: z.string(),
    recipe: z.string(),
    version: z.string().optional().describe('The version under test.'),
    base: z.string().optional().describe('The published version, or versions, the upgrade starts from.'),
    commit: z.string().optional(),
    ref: z.string().optional().describe('The git ref that was asked for.'),
    pr: z.string().optional().describe('The number of the pull request.'),
    mode: z
      .enum(['cold', 'quick'])
      .describe(
        'cold: every deployment of the run was made for it. quick: the canonical was upgraded, which shows less.',
      ),
    quick: z
      .object({
        canonical: z
          .object({
            version: z.string(),
            commit: z.string(),
            takenAt: time.describe('When its snapshot was taken.'),
            upgraded: z.boolean().describe("False: the version under test is the canonical's own."),
          })
          .optional()
          .describe('The known-good that the run worked on, and which it left as it was.'),
        cold: z.string().optional().describe('Why the run was a cold one.'),
      })
      .optional()
      .describe('A quick run was asked for.'),
    plan: z.enum(['full', 'single', 'quick']).optional(),
    domain: z.string().optional(),
    stack: z.string().optional(),
    host: z.string(),
    pid: z.number().int().describe('The process that writes this record.'),
    startedAt: time,
    endedAt: time.optional(),
    durationMs: milliseconds.optional(),
    state: z
      .enum(['running', 'finished', 'interrupted'])
      .describe('A record that says running although its process is gone was interrupted.'),
    limitedTo: z.array(runStage).optional().describe('The only stages asked for; absent: all.'),
    stages: z.array(stageRecord),
    verdict: z.enum(['green', 'red', 'interrupted']).optional().describe('Absent while the run is running.'),
    level: z.number().int().min(0).max(5).optional().describe('Absent while the run is running.'),
    blame: blame.optional().describe('Whose doing a red verdict is.'),
    problems: z.array(z.string()).describe('Everything that speaks against green.'),
    unproven: z.array(z.string()).describe('What even a green run of this plan and these stages does not show.'),
    deployments: z.object({ counted: z.number().int(), planned: z.number().int() }).optional(),
    teardown: z
      .object({ clean: z.boolean(), left: z.array(z.string()), durationMs: milliseconds })
      .optional()
      .describe('Absent: teardown did not report.'),
    kept: z
      .object({ until: time, url: z.string(), stack: z.string() })
      .optional()
      .describe('The failed app was left up until this moment instead of being removed.'),
    evidence: z.array(
      z.object({
        stage: stage.optional(),
        kind: z.enum(['screenshot', 'console', 'logs', 'tasks', 'probes', 'compose', 'trace']),
        file: z.string().describe("Relative to the run's folder."),
        caption: z.string(),
      }),
    ),
    upgrades: z.array(upgradeRecord).optional().describe('Each upgrade in place, in their order; absent: none.'),
    quirks: z.array(z.string()).describe('Differences of this host that were handled.'),
    customisation: z.record(z.string(), z.unknown()).describe('The options in force, functions as "(function)".'),
    customisationFrom: z
      .record(z.string(), z.string())
      .optional()
      .describe("The file that each option in force comes from: the suite's recipe.ts, or one that the recipe ships."),
    warnings: z.array(z.string()),
    steps: z.array(stepRecord),
  })
  .describe('What a cc-ci run leaves behind (run.json).')

export type RunRecord = z.infer<typeof runRecord>
export type UpgradeRecord = z.infer<typeof upgradeRecord>
export type StageRecord = z.infer<typeof stageRecord>
export type TestRecord = z.infer<typeof testRecord>
export type RunState = RunRecord['state']

/** The published schema of `run.json`: JSON Schema 2020-12, as it stands in `docs/run.schema.json`. */
export function recordSchema(): unknown {
  return z.toJSONSchema(runRecord, { io: 'input' })
}
