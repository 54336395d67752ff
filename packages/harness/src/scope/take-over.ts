import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { messageOf } from '../errors.ts'
import { type JournalEvent, openJournal } from '../run/journal.ts'
import { settleRecord } from '../run/settle.ts'
import { RUN_FILES } from '../run/store.ts'
import { keptUntil } from './kept.ts'
import { takeLease } from './lease.ts'
import { readOrder, type ScopeOrder } from './order.ts'
import { Scope, ScopeCloseError } from './scope.ts'

/** Whoever has the lease meanwhile undoes this scope, too; a warden is there in case that one dies. */
const TURN_MS = 86_400_000

/** A folder that somebody else removes makes no event that reaches across its own removal. */
const LOOK_AGAIN_MS = 1_000

/**
 * The work of a warden whose owner has gone: waits as long as the scope is kept and for the lease, then undoes what is
 * still there.
 *
 * @throws {ScopeCloseError} naming what is left; {LeaseHeldError} after a day.
 */
export async function guard(folder: string): Promise<void> {
  const order = readOrder(folder)
  if (!order) return
  const kept = keptUntil(folder) !== undefined
  while (existsSync(folder) && keptUntil(folder) !== undefined) await pause(LOOK_AGAIN_MS)
  const gone = new AbortController()
  const watch = setInterval(() => existsSync(folder) || gone.abort(), LOOK_AGAIN_MS)
  try {
    using _ = await takeLease({ ...order.lease, runId: order.runId, timeoutMs: TURN_MS, signal: gone.signal })
    const why = kept ? 'its time is over' : 'the process of this run is gone'
    if (existsSync(folder)) await takeOver(order, `${why}: its warden removes what is left`)
  } catch (error) {
    if (!gone.signal.aborted) throw error
  } finally {
    clearInterval(watch)
  }
}

/**
 * Undoes what a run has left behind whose process is gone: from its ledger, told in its journal, with its record ended. The
 * caller holds the lease.
 *
 * @param why who does it and why, for the journal.
 * @throws {ScopeCloseError} naming what is left.
 */
export async function takeOver(order: ScopeOrder, why: string): Promise<void> {
  const { folder, runDir, teardownTimeoutMs } = order
  const started = performance.now()
  // A run whose folder is gone has nobody to be told; one whose disk is full must be removed all the same.
  const tell = (event: JournalEvent) => {
    try {
      if (existsSync(runDir)) openJournal(join(runDir, RUN_FILES.journal)).write(event)
    } catch {}
  }
  const end = (left: string[]) =>
    tell({ event: 'teardown', clean: left.length === 0, left, durationMs: performance.now() - started })
  try {
    tell({ event: 'warning', text: why })
    const onStep = (text: string) => tell({ event: 'step', text })
    await new Scope({ folder, teardownTimeoutMs, onStep, secondLook: true }).close()
    end([])
  } catch (error) {
    end(error instanceof ScopeCloseError ? error.left : [messageOf(error)])
    throw error
  } finally {
    settleRecord(runDir, 'the process of this run was ended')
  }
}
