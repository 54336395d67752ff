import { z } from 'zod'

/** The version of the record's shape; raised when a reader of the old one would be misled by the new one. */
export const SWEEP_VERSION = 1

const time = z.iso.datetime()
const milliseconds = z.number().nonnegative()
const blame = z.enum(['recipe', 'infrastructure', 'usage'])
const versionAt = z.object({ version: z.string(), commit: z.string() })

const problem = z.object({ blame: blame.describe('Whose doing it is.'), text: z.string() })

const hostCommand = z.object({
  outcome: z.enum(['done', 'failed']),
  durationMs: milliseconds,
  why: z.string().optional(),
  log: z.string().describe("What it printed: a file in the sweep's folder."),
})

const reconciled = z.object({
  recipe: z.string(),
  domain: z.string(),
  outcome: z.string().describe('As cc-ci reconcile tells it: current, upgraded, held, rolled back, failed, …'),
  version: versionAt.optional().describe('What runs now.'),
  latest: versionAt.optional(),
  reason: z.string().optional(),
  alerts: z.array(z.string()).describe('The alerts that were raised, by their ids.'),
  durationMs: milliseconds,
})

const promotion = z.object({
  outcome: z.enum(['promoted', 'already there', 'failed', 'refused']),
  from: z.string().optional().describe('The version that was upgraded; absent: it was installed afresh.'),
  why: z.string().optional().describe('Why not: the canonical is what it was.'),
  durationMs: milliseconds,
})

const recipe = z.object({
  recipe: z.string(),
  enrolledBy: z.enum(['suite', 'recipe', 'setting']),
  version: z.string().optional().describe('The latest published version, which was tested.'),
  outcome: z
    .enum(['pending', 'green', 'red', 'failed', 'interrupted', 'not run'])
    .describe('pending: it waits, or runs; red: the recipe or its suite is to blame; failed: neither is.'),
  why: z.array(z.string()).optional().describe('What speaks against green.'),
  runId: z.string().optional(),
  level: z.number().int().min(0).max(5).optional(),
  durationMs: milliseconds.optional(),
  log: z.string().optional().describe("What the run printed: a file in the sweep's folder."),
  promotion: promotion.optional(),
})

const removed = z.object({
  recipe: z.string(),
  version: z.string().optional(),
  outcome: z.enum(['removed', 'left', 'failed']),
  why: z.string().optional(),
})

const budget = z.object({
  what: z.enum(['records', 'snapshots']),
  outcome: z.enum(['within', 'would prune', 'pruned', 'failed']),
  budget: z.number(),
  bytes: z.number().describe('What all of them took before.'),
  freedBytes: z.number(),
  removed: z.array(z.string()),
  overBytes: z.number().optional().describe('By how much what must stay is over the budget.'),
  why: z.string().optional(),
})

/** What a sweep leaves behind: the shape of `sweep.json`. */
export const sweepRecord = z
  .object({
    schemaVersion: z.literal(SWEEP_VERSION),
    id: z.string(),
    host: z.string(),
    pid: z.number().int().describe('The process that writes this record.'),
    startedAt: time,
    endedAt: time.optional(),
    durationMs: milliseconds.optional(),
    state: z
      .enum(['running', 'finished', 'interrupted', 'skipped'])
      .describe('A record that says running although its process is gone was cut off; the next sweep says so.'),
    verdict: z
      .enum(['green', 'red', 'interrupted'])
      .optional()
      .describe('Absent while it runs, and when it was skipped.'),
    skipped: z.array(z.string()).optional().describe('Why it was skipped: what was live.'),
    cutOff: z.string().optional().describe('The sweep before, when it was cut off.'),
    limitedTo: z.array(z.string()).optional().describe('The only recipes asked for; absent: all that are enrolled.'),
    capacity: z.number().int(),
    hostCommand: hostCommand.optional(),
    reconciled: z.array(reconciled).optional().describe('Absent: no app is shared, or it was not asked for.'),
    recipes: z.array(recipe),
    removed: z.array(removed).describe('Canonicals of recipes that are enrolled no more.'),
    budgets: z.array(budget),
    problems: z.array(problem).describe('Everything that speaks against green.'),
    notes: z.array(z.string()).describe('What else a person may want to know.'),
    alert: z.string().optional().describe('The alert that was raised, by its id.'),
  })
  .describe('What a sweep of cc-ci leaves behind (sweep.json).')

export type SweepRecord = z.infer<typeof sweepRecord>
export type SweptRecipe = SweepRecord['recipes'][number]
export type SweptPromotion = z.infer<typeof promotion>
export type SweptApp = z.infer<typeof reconciled>
export type SweptCanonical = z.infer<typeof removed>
export type SweptBudget = z.infer<typeof budget>
export type SweptHostCommand = z.infer<typeof hostCommand>
export type SweepProblem = z.infer<typeof problem>

/** The published schema of `sweep.json`: JSON Schema 2020-12, as it stands in `docs/sweep.schema.json`. */
export function sweepSchema(): unknown {
  return z.toJSONSchema(sweepRecord, { io: 'input' })
}
