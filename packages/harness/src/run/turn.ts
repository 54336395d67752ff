import { join } from 'node:path'
import { takeLease } from '../scope/lease.ts'
import { Scope } from '../scope/scope.ts'
import { postWarden } from '../scope/warden.ts'
import type { Settings } from '../settings/schema.ts'
import type { Journal } from './journal.ts'

export interface TurnRequest {
  settings: Settings
  /** The name of the app's stack, which only one run at a time may use. */
  stack: string
  runId: string
  journal: Journal
  /** Ends the wait for whoever has the turn. */
  signal?: AbortSignal | undefined
}

/** A run's turn at an app's name: nobody else touches that stack, and what the run makes there is written down. */
export interface Turn {
  readonly scope: Scope
  /** Gives the name back; the scope must have been closed, as far as it can be. Idempotent. */
  end(): void
}

/**
 * Waits for the turn at an app's name, and opens a scope that a warden watches over.
 *
 * @throws {LeaseHeldError} when another run keeps the name for longer than a deployment may take.
 */
export async function takeTurn({ settings, stack, runId, journal, signal }: TurnRequest): Promise<Turn> {
  const folder = join(settings.stateDir, 'leases')
  const onStep = (text: string) => journal.write({ event: 'step', text })
  const timeoutMs = settings.deployTimeout * 1000
  const lease = await takeLease({ folder, name: stack, runId, timeoutMs, signal, onWait: onStep })
  try {
    const teardownTimeoutMs = settings.teardownTimeout * 1000
    const scope = new Scope({ folder: join(settings.stateDir, 'scopes', runId), teardownTimeoutMs, onStep })
    const warden = postWarden(
      { runId, folder: scope.folder, teardownTimeoutMs, lease: { folder, name: stack }, journal: journal.file },
      (text) => journal.write({ event: 'warning', text }),
    )
    return {
      scope,
      end() {
        lease.release()
        warden.dismiss()
      },
    }
  } catch (error) {
    lease.release()
    throw error
  }
}
