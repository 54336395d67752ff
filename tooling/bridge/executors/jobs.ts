import type { DatabaseSync } from 'node:sqlite'
import type { RunEnd } from '../outcome.ts'
import type { RunParams } from '../params.ts'
import { transaction } from '../store/database.ts'

/** A run in the local queue. */
export interface Job {
  runId: string
  params: RunParams
  source: string
  state: 'queued' | 'launched' | 'ended' | 'cancelled'
  launchedAt: number | undefined
  launches: number
  end: RunEnd | undefined
}

type Row = Record<string, unknown>

const toJob = (row: Row): Job => ({
  runId: row.run_id as string,
  params: JSON.parse(row.params as string) as RunParams,
  source: row.source as string,
  state: row.state as Job['state'],
  launchedAt: (row.launched_at as number | null) ?? undefined,
  launches: row.launches as number,
  end: row.end === null ? undefined : (JSON.parse(row.end as string) as RunEnd),
})

/** The durable queue of the local executor: first come, first served. */
export class JobQueue {
  readonly #db: DatabaseSync

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  /** Queues a run; one that was queued before stays as it is. */
  add(params: RunParams, source: string): void {
    this.#db
      .prepare(
        `INSERT INTO job (run_id, recipe, pr, quick, params, source, state, queued_at)
         VALUES (?, ?, ?, ?, ?, ?, 'queued', ?) ON CONFLICT (run_id) DO NOTHING`,
      )
      .run(params.RUN_ID, params.RECIPE, params.PR, Number(params.QUICK), JSON.stringify(params), source, Date.now())
  }

  get(runId: string): Job | undefined {
    const row = this.#db.prepare('SELECT * FROM job WHERE run_id = ?').get(runId)
    return row && toJob(row)
  }

  /** Those that were begun and have not ended. */
  launched(): Job[] {
    return this.#db.prepare(`SELECT * FROM job WHERE state = 'launched' ORDER BY ticket`).all().map(toJob)
  }

  /** Takes the oldest that waits, if fewer than `capacity` are under way. */
  take(capacity: number): Job | undefined {
    return transaction(this.#db, () => {
      const { busy } = this.#db.prepare(`SELECT count(*) AS busy FROM job WHERE state = 'launched'`).get() as {
        busy: number
      }
      if (busy >= capacity) return undefined
      const row = this.#db.prepare(`SELECT * FROM job WHERE state = 'queued' ORDER BY ticket LIMIT 1`).get()
      if (!row) return undefined
      const job = toJob(row)
      this.#db.prepare(`UPDATE job SET state = 'launched', launched_at = ? WHERE run_id = ?`).run(Date.now(), job.runId)
      return job
    })
  }

  /** Another launcher is about to be started for it. */
  launching(runId: string): void {
    this.#db.prepare('UPDATE job SET launches = launches + 1 WHERE run_id = ?').run(runId)
  }

  ended(runId: string, end: RunEnd): void {
    this.#end(runId, 'ended', end)
  }

  /** Takes one that still waits out of the queue. */
  withdraw(runId: string): void {
    transaction(this.#db, () => {
      if (this.get(runId)?.state === 'queued') this.#end(runId, 'cancelled', { result: 'killed' })
    })
  }

  /** Forgets those that ended before a moment (ms). @returns their ids */
  forget(before: number): string[] {
    const rows = this.#db.prepare('DELETE FROM job WHERE ended_at < ? RETURNING run_id').all(before)
    return rows.map((row) => row.run_id as string)
  }

  /** How many wait, and how many are under way. */
  counts(): { queued: number; launched: number } {
    const row = this.#db
      .prepare(
        `SELECT count(*) FILTER (WHERE state = 'queued') AS queued,
         count(*) FILTER (WHERE state = 'launched') AS launched FROM job WHERE ended_at IS NULL`,
      )
      .get()
    return row as { queued: number; launched: number }
  }

  #end(runId: string, state: 'ended' | 'cancelled', end: RunEnd): void {
    this.#db
      .prepare('UPDATE job SET state = ?, ended_at = ?, end = ? WHERE run_id = ? AND ended_at IS NULL')
      .run(state, Date.now(), JSON.stringify(end), runId)
  }
}
