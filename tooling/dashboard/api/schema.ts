import { RUN_STAGES } from '@cc-ci/harness'
import { z } from 'zod'
import { STATUSES } from '../index/summary.ts'

const text = z.string()
const time = z.iso.datetime()
const status = z.enum(STATUSES)
const milliseconds = z.number().nonnegative()

const run = z
  .object({
    id: text,
    recipe: text,
    status: status.describe("infrastructure and usage: red, and not the recipe's doing."),
    version: text.optional(),
    commit: text.optional(),
    ref: text.optional(),
    pr: text.optional().describe('The number of the pull request.'),
    mode: text.describe('cold: deployed afresh; quick: on the canonical, of lower confidence.'),
    plan: text.optional(),
    limitedTo: z.array(text).optional().describe('The only stages asked for; absent: all.'),
    level: z.number().int().min(0).max(5).optional(),
    problem: text.optional().describe('The first thing that speaks against green, cut to 300 characters.'),
    host: text,
    startedAt: time,
    endedAt: time.optional(),
    durationMs: milliseconds.optional(),
    stages: z.array(z.object({ stage: z.enum(RUN_STAGES), outcome: text, durationMs: milliseconds })),
    links: z
      .object({ page: text, record: text, junit: text, log: text, card: text.optional() })
      .describe('Absolute where the dashboard knows its public address, otherwise paths.'),
  })
  .describe('A run in a list. The whole record is behind links.record (run.schema.json).')

const recipe = z
  .object({
    recipe: text,
    status: z.enum([...STATUSES, 'unknown']).describe('That of the run it stands by.'),
    level: z.number().int().min(0).max(5).optional(),
    standing: run.optional().describe('The newest whole cold run that says something about the recipe.'),
    running: z.array(run),
    last: z.array(run).describe('The newest 20 runs, the newest first.'),
    count: z.number().int().describe('How many runs are recorded.'),
    links: z.object({ page: text, badge: text, levelBadge: text }),
  })
  .describe('GET /api/v1/recipes/{recipe}, and in lists')

const warm = z.object({
  name: text,
  recipe: text,
  kind: z.enum(['canonical', 'shared app']),
  version: text,
  commit: text.optional(),
  since: time.optional(),
  made: text.optional(),
  madeBy: text.optional().describe('The run that made it.'),
  snapshotAt: time.optional(),
  usedBy: text.optional(),
  damaged: text.optional(),
})

const alert = z.object({
  id: text,
  at: time.optional(),
  subject: text,
  cause: text.optional(),
  title: text.optional(),
  text: text.optional(),
  attempted: text.optional(),
  lastGood: text.optional(),
  recovered: z.boolean().optional(),
  archived: z.boolean().describe('It has been delivered.'),
})

const taking = z.object({
  at: time,
  stack: text,
  why: text,
  trust: text.optional(),
  runIds: z.array(text),
  things: z.array(text),
  outcome: text,
  durationMs: milliseconds.optional(),
})

const waiting = z.object({ runId: text, recipe: text, pr: text, quick: z.boolean(), by: text, since: time })

/** Every answer of the API, by its path. */
export const ANSWERS = {
  '/api/v1': z.object({ version: z.literal(1), links: z.record(text, text) }),
  '/api/v1/recipes': z.object({ recipes: z.array(recipe) }),
  '/api/v1/recipes/{recipe}': recipe,
  '/api/v1/runs': z.object({
    runs: z.array(run),
    next: text.optional().describe('Where the older ones are; absent: there are none.'),
  }),
  '/api/v1/runs/{id}': run.extend({
    estimateMs: milliseconds.optional().describe('Of one that is running: how long earlier ones took in all.'),
    step: z.object({ text, since: time }).optional().describe('What it is doing right now.'),
  }),
  '/api/v1/host': z.object({
    warm: z.array(warm),
    alerts: z.array(alert),
    janitor: z.array(taking),
    queue: z.array(waiting),
  }),
} as const

/** What anything that went wrong answers. */
export const ERROR = z.object({ error: text })

export type ApiRun = z.infer<typeof run>
export type ApiRecipe = z.infer<typeof recipe>
export type ApiPath = keyof typeof ANSWERS
export type ApiAnswer<Path extends ApiPath> = z.infer<(typeof ANSWERS)[Path]>

/** The shapes by the names that they have in the published schema. */
const SHAPES = {
  root: ANSWERS['/api/v1'].describe('GET /api/v1'),
  recipes: ANSWERS['/api/v1/recipes'].describe('GET /api/v1/recipes'),
  recipe,
  runs: ANSWERS['/api/v1/runs'].describe('GET /api/v1/runs'),
  oneRun: ANSWERS['/api/v1/runs/{id}'].describe('GET /api/v1/runs/{id}'),
  run,
  host: ANSWERS['/api/v1/host'].describe('GET /api/v1/host'),
  error: ERROR.describe('Whatever is refused'),
}

/** The published schema: JSON Schema 2020-12, as it stands in `docs/api.schema.json`. */
export function apiSchema(): unknown {
  const named = z.registry<{ id: string }>()
  for (const [id, schema] of Object.entries(SHAPES)) named.add(schema, { id })
  const { schemas } = z.toJSONSchema(named, { io: 'input', uri: (id) => `#/$defs/${id}` })
  const shapes = Object.entries(schemas).map(([name, { $schema: _, $id: __, ...shape }]) => [name, shape])
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    description: 'What the JSON API of the cc-ci dashboard answers.',
    $defs: Object.fromEntries(shapes),
  }
}
