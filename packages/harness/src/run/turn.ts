import { join } from 'node:path'
import type Docker from 'dockerode'
import { keep } from '../scope/kept.ts'
import { takeLease } from '../scope/lease.ts'
import { leaseFolder } from '../scope/lease-folder.ts'
import { placeOrder } from '../scope/order.ts'
import { leftoversOf, reclaim } from '../scope/reclaim.ts'
import { Scope } from '../scope/scope.ts'
import { postWarden } from '../scope/warden.ts'
import type { Settings } from '../settings/schema.ts'
import { takeCapacity } from './capacity.ts'
import type { Journal } from './journal.ts'
import { scopesDir } from './store.ts'

export interface TurnRequest {
  docker: Docker
  settings: Settings
  /** The name of the app's stack, which only one run at a time may use. */
  stack: string
  recipe: string
  /** How much of the host's capacity the run takes. */
  weight: number
  runId: string
  runDir: string
  journal: Journal
  /** Ends the wait for whoever has the turn. */
  signal?: AbortSignal | undefined
}

/** A run's turn at an app's name: nobody else touches that stack, and what the run makes there is written down. */
export interface Turn {
  readonly scope: Scope
  /** Leaves what the scope owns up until a moment (milliseconds since 1970); call it instead of closing the scope. */
  keep(until: number): void
  /** Gives name and capacity back; the scope must have been closed, as far as it can be, or be kept. Idempotent. */
  end(): void
}

/**
 * Waits for the turn at an app's name and for the host's capacity, removes what a dead run left under that name, and opens
 * a scope that a warden watches over. The name comes first: a run that waits for another of the same app takes no capacity.
 *
 * @throws {LeaseHeldError | CapacityError} when the turn does not come in time; {LedgerError} when the disk is full; what
 *   removing leftovers throws.
 */
export async function takeTurn(request: TurnRequest): Promise<Turn> {
  const { docker, settings, stack, runId, runDir, journal, signal } = request
  const folder = await leaseFolder(docker, settings)
  const onWait = (text: string) => journal.write({ event: 'step', text })
  const timeoutMs = settings.queueTimeout * 1000
  using taken = new DisposableStack()
  taken.use(await takeLease({ folder, name: stack, runId, timeoutMs, signal, onWait }))
  const share = await takeCapacity({
    folder: join(folder, 'capacity'),
    runId,
    what: request.recipe,
    weight: request.weight,
    capacity: settings.capacity,
    timeoutMs,
    signal,
    onWait,
  })
  taken.use(share)
  if (share.weight < request.weight) {
    const text = `the weight ${request.weight} is more than this host's capacity: the run has it all, ${share.weight}`
    journal.write({ event: 'warning', text })
  }
  await removeLeftovers(request)
  const teardownTimeoutMs = settings.teardownTimeout * 1000
  const lease = { folder, name: stack }
  const order = placeOrder(scopesDir(settings.stateDir), {
    runId,
    dockerHost: settings.dockerHost,
    teardownTimeoutMs,
    lease,
    runDir,
  })
  const onStep = (text: string) => journal.write({ event: 'step', text })
  const scope = new Scope({ folder: order.folder, teardownTimeoutMs, onStep })
  const warden = postWarden(order, (text) => journal.write({ event: 'warning', text }))
  const held = taken.move()
  return {
    scope,
    keep: (until) => keep(order.folder, { until }),
    end() {
      held.dispose()
      warden.dismiss()
    },
  }
}

/** What an earlier run left under this name: its owner is gone, since the lease is ours. */
async function removeLeftovers({ docker, settings, stack, journal }: TurnRequest): Promise<void> {
  const scopes = scopesDir(settings.stateDir)
  const left = await leftoversOf(docker, stack, scopes)
  const told = [...left.docker, ...left.scopes.map((folder) => `scope ${folder}`)]
  if (told.length === 0) return
  journal.write({ event: 'warning', text: `an earlier run left this behind, removed now: ${told.join(', ')}` })
  const why = 'the process of this run is gone: the next run of the same app removes what is left'
  await reclaim({ docker, stack, scopes, timeoutMs: settings.teardownTimeout * 1000, why })
}
