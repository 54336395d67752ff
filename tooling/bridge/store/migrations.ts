import type { DatabaseSync } from 'node:sqlite'
import { CcciError } from '@cc-ci/harness'

/** The state directory's database was written by a later version of cc-ci. */
export class LaterDatabaseError extends CcciError {}

/** What each version adds to the one before; what stands here is never changed. Times are milliseconds since 1970. */
const MIGRATIONS = [
  `CREATE TABLE cursor (
     organisation TEXT PRIMARY KEY, began INTEGER NOT NULL, since INTEGER NOT NULL) STRICT;
   CREATE TABLE comment (
     id INTEGER PRIMARY KEY, repo TEXT NOT NULL, pr INTEGER NOT NULL, author TEXT NOT NULL, decision TEXT NOT NULL,
     option TEXT, decided_at INTEGER NOT NULL, answered INTEGER NOT NULL) STRICT;
   CREATE INDEX comment_unanswered ON comment (id) WHERE answered = 0;
   CREATE TABLE run (
     run_id TEXT PRIMARY KEY, comment_id INTEGER NOT NULL UNIQUE REFERENCES comment (id), repo TEXT NOT NULL,
     recipe TEXT NOT NULL, pr INTEGER NOT NULL, author TEXT NOT NULL, sha TEXT NOT NULL, quick INTEGER NOT NULL,
     source TEXT NOT NULL, commented_at INTEGER NOT NULL, accepted_at INTEGER NOT NULL, sent_at INTEGER, ref TEXT,
     link TEXT, triggered_at INTEGER, began_at INTEGER, cancel_why TEXT, newer TEXT, cancel_at INTEGER,
     ended_at INTEGER, outcome TEXT, status_shown TEXT, settled INTEGER NOT NULL DEFAULT 0) STRICT;
   CREATE INDEX run_unsettled ON run (accepted_at) WHERE settled = 0;
   CREATE INDEX run_pr ON run (repo, pr);
   CREATE TABLE reply (
     key TEXT PRIMARY KEY, sent INTEGER NOT NULL, comment_id INTEGER, shown TEXT) STRICT;
   CREATE TABLE job (
     ticket INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL UNIQUE, recipe TEXT NOT NULL, pr TEXT NOT NULL,
     quick INTEGER NOT NULL, params TEXT NOT NULL, source TEXT NOT NULL, state TEXT NOT NULL,
     queued_at INTEGER NOT NULL, launched_at INTEGER, launches INTEGER NOT NULL DEFAULT 0, ended_at INTEGER,
     end TEXT) STRICT;
   CREATE INDEX job_open ON job (ticket) WHERE ended_at IS NULL;
   CREATE VIEW waiting_runs AS
     SELECT run_id, recipe, pr, sha, quick, author AS requested_by, accepted_at AS requested_at FROM run
     WHERE began_at IS NULL AND ended_at IS NULL AND cancel_why IS NULL ORDER BY accepted_at, run.rowid;`,
]

/** Brings a database to the present version, in one transaction. @throws {LaterDatabaseError} */
export function migrate(db: DatabaseSync, file: string): void {
  db.exec('BEGIN IMMEDIATE')
  try {
    const { user_version: version = 0 } = db.prepare('PRAGMA user_version').get() as { user_version?: number }
    if (version > MIGRATIONS.length) {
      throw new LaterDatabaseError({
        happened: `${file} was written by a later version of cc-ci (${version}; this one knows ${MIGRATIONS.length}).`,
        todo: 'Run that version, or move the file away: what it remembers is lost then.',
      })
    }
    for (const step of MIGRATIONS.slice(version)) db.exec(step)
    db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`)
    db.exec('COMMIT')
  } catch (error) {
    db.exec('ROLLBACK')
    throw error
  }
}
