import { z } from 'zod'

/** A recipe's name where it goes into a command, an address or an environment. */
export const recipeParam = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/)

const shaParam = z.string().regex(/^[0-9a-f]{40}$/)

const runIdParam = z.string().regex(/^\d{8}-\d{6}-[a-z0-9-]{1,40}-[0-9a-f]{6}$/)

/**
 * All that a run is told from outside, and nothing else is handed on: names from a build server become environment
 * variables, where `PATH` would be one, too.
 */
export const runParams = z.strictObject({
  RECIPE: recipeParam,
  PR: z.string().regex(/^[1-9]\d{0,8}$/),
  REF: z.string().regex(/^refs\/pull\/[1-9]\d{0,8}\/head$/),
  SHA: shaParam,
  QUICK: z.enum(['0', '1']),
  RUN_ID: runIdParam,
})

export type RunParams = z.infer<typeof runParams>

/** The parameters of a run, checked. @throws {z.ZodError} */
export function paramsOf(run: { runId: string; recipe: string; pr: number; sha: string; quick: boolean }): RunParams {
  return runParams.parse({
    RECIPE: run.recipe,
    PR: String(run.pr),
    REF: `refs/pull/${run.pr}/head`,
    SHA: run.sha,
    QUICK: run.quick ? '1' : '0',
    RUN_ID: run.runId,
  })
}
