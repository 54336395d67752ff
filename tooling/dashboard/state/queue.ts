import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'

const waiting = z.object({
  runId: z.string(),
  recipe: z.string(),
  pr: z.coerce.string(),
  quick: z.coerce.boolean(),
  by: z.string(),
  at: z.number(),
})

/** A run that was asked for and has not begun. */
export interface WaitingRun {
  runId: string
  recipe: string
  pr: string
  quick: boolean
  /** Who asked for it. */
  by: string
  /** Since when it waits. */
  since: string
}

const WAITING = `
  select run_id as runId, recipe, pr, quick, requested_by as by, requested_at as at from waiting_runs limit 100`

/** The queue of this host, in its order. None where no bridge has one; who only looks on must not fail for that. */
export function waitingRuns(stateDir: string): WaitingRun[] {
  const file = join(stateDir, 'cc-ci.db')
  if (!existsSync(file)) return []
  try {
    const database = new DatabaseSync(file, { readOnly: true, timeout: 100 })
    try {
      return database
        .prepare(WAITING)
        .all()
        .flatMap((row) => waiting.safeParse(row).data ?? [])
        .map(({ at, ...rest }) => ({ ...rest, since: new Date(at).toISOString() }))
    } finally {
      database.close()
    }
  } catch {
    return []
  }
}
