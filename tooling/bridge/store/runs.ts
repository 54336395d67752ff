import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { newRunId } from '@cc-ci/harness'
import type { Outcome } from '../outcome.ts'
import { transaction } from './database.ts'

/** Why a run was told to end. */
export type CancelReason = 'superseded' | 'deadline' | 'queue'

/** A run that an accepted comment asked for. Times are milliseconds since 1970. */
export interface BridgeRun {
  runId: string
  commentId: number
  repo: string
  recipe: string
  pr: number
  author: string
  /** The head of the pull request when the comment was accepted. */
  sha: string
  quick: boolean
  /** The address of the repository. */
  source: string
  commentedAt: number
  acceptedAt: number
  /** A trigger was sent, perhaps in vain. */
  sentAt: number | undefined
  /** What the executor calls it; there once it is known to be triggered. */
  ref: string | undefined
  link: string | undefined
  beganAt: number | undefined
  cancelWhy: CancelReason | undefined
  /** The run that came after it. */
  newer: string | undefined
  cancelAt: number | undefined
  endedAt: number | undefined
  outcome: Outcome | undefined
  statusShown: string | undefined
}

/** What a comment that asks for a run is about. */
export interface Accepted {
  commentId: number
  repo: string
  recipe: string
  pr: number
  author: string
  sha: string
  quick: boolean
  source: string
  commentedAt: number
}

/** What became of a comment with a command in it. */
export type Decision = 'run' | 'help' | 'refused' | 'closed' | 'unfit'

type Row = Record<string, SQLInputValue | undefined>

const optional = <T>(value: unknown): T | undefined => (value === null ? undefined : (value as T))

function toRun(row: Row): BridgeRun {
  return {
    runId: row.run_id as string,
    commentId: row.comment_id as number,
    repo: row.repo as string,
    recipe: row.recipe as string,
    pr: row.pr as number,
    author: row.author as string,
    sha: row.sha as string,
    quick: row.quick === 1,
    source: row.source as string,
    commentedAt: row.commented_at as number,
    acceptedAt: row.accepted_at as number,
    sentAt: optional(row.sent_at),
    ref: optional(row.ref),
    link: optional(row.link),
    beganAt: optional(row.began_at),
    cancelWhy: optional(row.cancel_why),
    newer: optional(row.newer),
    cancelAt: optional(row.cancel_at),
    endedAt: optional(row.ended_at),
    outcome: row.outcome === null ? undefined : (JSON.parse(row.outcome as string) as Outcome),
    statusShown: optional(row.status_shown),
  }
}

/** The comments that were decided and the runs they asked for: an outbox, worked off until every run is reported. */
export class RunStore {
  readonly #db: DatabaseSync

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  /** From when on an organisation is watched, and since when it is to be asked for changes. */
  cursor(organisation: string): { began: number; since: number } | undefined {
    const row = this.#db.prepare('SELECT began, since FROM cursor WHERE organisation = ?').get(organisation)
    return row as { began: number; since: number } | undefined
  }

  setCursor(organisation: string, since: number): void {
    this.#db
      .prepare(
        `INSERT INTO cursor (organisation, began, since) VALUES (?1, ?2, ?2)
         ON CONFLICT (organisation) DO UPDATE SET since = max(since, ?2)`,
      )
      .run(organisation, since)
  }

  isDecided(commentId: number): boolean {
    return this.#db.prepare('SELECT 1 FROM comment WHERE id = ?').get(commentId) !== undefined
  }

  /** Writes down that a comment brings no run; one that is decided already stays as it is. */
  decide(
    comment: { id: number; repo: string; pr: number; author: string },
    decision: Exclude<Decision, 'run'>,
    option?: string,
  ): void {
    this.#db
      .prepare(
        `INSERT INTO comment (id, repo, pr, author, decision, option, decided_at, answered)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
      )
      .run(
        comment.id,
        comment.repo,
        comment.pr,
        comment.author,
        decision,
        option ?? null,
        Date.now(),
        decision === 'help' ? 0 : 1,
      )
  }

  /** Comments that wait for the one answer that says how it is done. */
  unanswered(): { id: number; repo: string; pr: number; option: string }[] {
    return this.#db.prepare('SELECT id, repo, pr, option FROM comment WHERE answered = 0').all() as never
  }

  answered(commentId: number): void {
    this.#db.prepare('UPDATE comment SET answered = 1 WHERE id = ?').run(commentId)
  }

  /**
   * Accepts a comment, once: its run is written down and the older ones of the pull request are told to end, all in one
   * transaction.
   *
   * @returns the run's id; nothing, when the comment was decided before.
   */
  accept(asked: Accepted): string | undefined {
    return transaction(this.#db, () => {
      if (this.isDecided(asked.commentId)) return undefined
      const runId = newRunId(asked.recipe)
      const now = Date.now()
      this.#db
        .prepare(
          `INSERT INTO comment (id, repo, pr, author, decision, decided_at, answered) VALUES (?, ?, ?, ?, 'run', ?, 1)`,
        )
        .run(asked.commentId, asked.repo, asked.pr, asked.author, now)
      this.#db
        .prepare(
          `UPDATE run SET cancel_why = 'superseded', newer = ?
           WHERE repo = ? AND pr = ? AND ended_at IS NULL AND cancel_why IS NULL`,
        )
        .run(runId, asked.repo, asked.pr)
      this.#db
        .prepare(
          `INSERT INTO run (run_id, comment_id, repo, recipe, pr, author, sha, quick, source, commented_at, accepted_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(
          runId,
          asked.commentId,
          asked.repo,
          asked.recipe,
          asked.pr,
          asked.author,
          asked.sha,
          asked.quick ? 1 : 0,
          asked.source,
          asked.commentedAt,
          now,
        )
      return runId
    })
  }

  /** Runs of which somebody is still to be told something, the oldest first. */
  unsettled(): BridgeRun[] {
    return this.#db.prepare('SELECT * FROM run WHERE settled = 0 ORDER BY accepted_at, rowid').all().map(toRun)
  }

  get(runId: string): BridgeRun | undefined {
    const row = this.#db.prepare('SELECT * FROM run WHERE run_id = ?').get(runId)
    return row && toRun(row)
  }

  /** Whether a later run speaks for the same commit in the same way. */
  isOutdone({ repo, sha, quick, runId }: BridgeRun): boolean {
    const newest = this.#db
      .prepare('SELECT run_id FROM run WHERE repo = ? AND sha = ? AND quick = ? ORDER BY rowid DESC LIMIT 1')
      .get(repo, sha, quick ? 1 : 0)
    return newest?.run_id !== runId
  }

  sent(runId: string): void {
    this.#set(runId, 'sent_at = ?', Date.now())
  }

  /** The last trigger certainly came to nothing. */
  notSent(runId: string): void {
    this.#set(runId, 'sent_at = NULL')
  }

  triggered(runId: string, ref: string, link: string): void {
    this.#set(runId, 'ref = ?, link = ?, triggered_at = ?', ref, link, Date.now())
  }

  began(runId: string): void {
    this.#set(runId, 'began_at = coalesce(began_at, ?)', Date.now())
  }

  cancel(runId: string, why: CancelReason): void {
    this.#set(runId, 'cancel_why = coalesce(cancel_why, ?)', why)
  }

  cancelled(runId: string): void {
    this.#set(runId, 'cancel_at = coalesce(cancel_at, ?)', Date.now())
  }

  ended(runId: string, outcome: Outcome): void {
    this.#set(
      runId,
      'ended_at = coalesce(ended_at, ?), outcome = coalesce(outcome, ?)',
      Date.now(),
      JSON.stringify(outcome),
    )
  }

  statusShown(runId: string, shown: string): void {
    this.#set(runId, 'status_shown = ?', shown)
  }

  settled(runId: string): void {
    this.#set(runId, 'settled = 1')
  }

  #set(runId: string, what: string, ...values: SQLInputValue[]): void {
    this.#db.prepare(`UPDATE run SET ${what} WHERE run_id = ?`).run(...values, runId)
  }
}
