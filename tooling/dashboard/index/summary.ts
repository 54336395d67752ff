import { isRunning, RUN_STAGES } from '@cc-ci/harness'
import { z } from 'zod'

/**
 * What became of a run, as the dashboard tells it. A red run that is not the recipe's doing is told apart: `infrastructure`
 * (the host, Docker, the proxy) and `usage` (something was asked for that cannot be).
 */
export const STATUSES = ['green', 'red', 'infrastructure', 'usage', 'interrupted', 'running'] as const

export type Status = (typeof STATUSES)[number]

const OUTCOMES = ['pass', 'fail', 'blocked', 'not applicable', 'unverified', 'not run'] as const
const text = z.string()

/** What of a record is kept in memory. Runs of an older or newer cc-ci are listed, too, as far as this is there. */
const listed = z.object({
  id: text,
  recipe: text,
  version: text.optional(),
  commit: text.optional(),
  ref: text.optional(),
  pr: text.optional(),
  mode: text.default('cold'),
  plan: text.optional(),
  host: text,
  pid: z.number(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().optional(),
  durationMs: z.number().nonnegative().optional(),
  state: z.enum(['running', 'finished', 'interrupted']),
  limitedTo: z.array(text).optional(),
  verdict: z.enum(['green', 'red', 'interrupted']).optional(),
  level: z.number().int().min(0).max(5).optional(),
  blame: z.enum(['recipe', 'infrastructure', 'usage']).optional(),
  problems: z.array(text).default([]),
  stages: z.array(z.object({ stage: z.enum(RUN_STAGES), outcome: z.enum(OUTCOMES), durationMs: z.number() })),
})

/** A run in a list. */
export interface RunSummary extends Omit<z.output<typeof listed>, 'problems'> {
  status: Status
  /** The first thing that speaks against green. */
  problem?: string | undefined
}

/** Texts of a record are somebody else's: in a list, none is longer than this. */
const LONGEST = 300

const short = (words: string | undefined): string | undefined =>
  words === undefined || words.length <= LONGEST ? words : `${words.slice(0, LONGEST - 1)}…`

type Judged = Pick<z.output<typeof listed>, 'state' | 'verdict' | 'blame' | 'pid' | 'host'>

/** What became of a run. One that says `running` although its process is gone was interrupted. */
export function statusOf(run: Judged): Status {
  const { state, verdict, blame } = run
  if (state === 'running') return isRunning(run) ? 'running' : 'interrupted'
  if (state === 'interrupted' || verdict === 'interrupted' || verdict === undefined) return 'interrupted'
  if (verdict === 'green') return 'green'
  return blame === 'infrastructure' || blame === 'usage' ? blame : 'red'
}

/** The summary of a record as it was parsed from JSON, or nothing when it is none. */
export function summaryOf(record: unknown): RunSummary | undefined {
  const { success, data } = listed.safeParse(record)
  if (!success) return undefined
  const { problems, ...run } = data
  return {
    ...run,
    version: short(run.version),
    ref: short(run.ref),
    pr: short(run.pr),
    status: statusOf(run),
    problem: short(problems[0]),
  }
}
