import { messageOf } from '../errors.ts'
import type { JournalEvent } from '../run/journal.ts'
import { openJournal } from '../run/journal.ts'
import { takeLease } from './lease.ts'
import { Scope, ScopeCloseError } from './scope.ts'
import type { WardenOrder } from './warden.ts'

/** Whoever has the lease meanwhile removes the app itself; the rest of the ledger can wait for that long. */
const TURN_MS = 86_400_000

/**
 * Undoes what a run has left behind whose process is gone: from its ledger, under its lease, told in its journal.
 *
 * @throws {ScopeCloseError} naming what is left; {LeaseHeldError} after a day.
 */
export async function takeOver(order: WardenOrder): Promise<void> {
  const { runId, folder, teardownTimeoutMs } = order
  const lease = await takeLease({ ...order.lease, runId, timeoutMs: TURN_MS })
  const started = performance.now()
  const tell = (event: JournalEvent) => {
    try {
      openJournal(order.journal).write(event)
    } catch {
      // The run's folder is gone or full: what is left behind matters more than the telling.
    }
  }
  const end = (left: string[]) =>
    tell({ event: 'teardown', clean: left.length === 0, left, durationMs: performance.now() - started })
  try {
    tell({ event: 'warning', text: 'the process of this run is gone: its warden removes what it left' })
    const onStep = (text: string) => tell({ event: 'step', text })
    await new Scope({ folder, teardownTimeoutMs, onStep, secondLook: true }).close()
    end([])
  } catch (error) {
    end(error instanceof ScopeCloseError ? error.left : [messageOf(error)])
    throw error
  } finally {
    lease.release()
  }
}
