import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { teardownOf } from './assemble.ts'
import { readJournal } from './journal.ts'
import { asInterrupted, isRunning, RUN_FILES, readRecord, saveRecord } from './store.ts'

/**
 * Ends the record of a run whose runner is gone without a word: interrupted, with what its journal says of the teardown.
 * A record that has ended, or whose runner still lives, stays as it is. Never throws: a record is not worth a teardown.
 */
export function settleRecord(folder: string, why: string): void {
  try {
    if (!existsSync(join(folder, RUN_FILES.record))) return
    const record = readRecord(folder)
    if (record.state !== 'running' || isRunning(record)) return
    const teardown = teardownOf(readJournal(join(folder, RUN_FILES.journal)))
    saveRecord(folder, { ...asInterrupted(record, why), ...(teardown ? { teardown } : {}) })
  } catch {
    // Unreadable, or the disk is full: it still says running, and its process is gone.
  }
}
