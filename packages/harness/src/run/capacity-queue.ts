import type { DatabaseSync } from 'node:sqlite'
import { type Lease, tryLease } from '../scope/lease.ts'
import { CapacityBusyError, inQueue, queueExists } from './capacity-store.ts'

/** A run that uses some of a host's capacity, or waits for it. */
export interface CapacityMember {
  runId: string
  /** Its recipe or stack, for people. */
  what: string
  weight: number
  pid: number
  /** Since when it runs or waits: ISO 8601. */
  since: string
  state: 'waiting' | 'running'
}

/** How a member stands: those before it, oldest first, and whether it was let in. */
export interface Standing {
  admitted: boolean
  running: CapacityMember[]
  waiting: CapacityMember[]
}

interface Row extends CapacityMember {
  ticket: number
}

/**
 * A member's own place in the queue of a folder. Order and weights are rows of one database; that a member lives is
 * proven by the lock of its ticket. Rows and lock files change in the same transactions, so nobody removes a newcomer
 * and no file outlives its row.
 */
export class Place {
  readonly weight: number
  readonly #folder: string
  readonly #ticket: number
  readonly #lease: Lease
  #left = false

  private constructor(weight: number, folder: string, ticket: number, lease: Lease) {
    this.weight = weight
    this.#folder = folder
    this.#ticket = ticket
    this.#lease = lease
  }

  /** Enters the queue at its end, or is let in at once. @throws {CapacityBusyError | CapacityQueueError} */
  static enter(
    folder: string,
    member: Pick<CapacityMember, 'runId' | 'what' | 'weight'>,
    state: CapacityMember['state'] = 'waiting',
  ): Place {
    const { runId, what, weight } = member
    const holder = { runId, pid: process.pid, since: now() }
    let lease: Lease | undefined
    try {
      return inQueue(folder, (queue) => {
        const { lastInsertRowid } = queue
          .prepare('INSERT INTO member (run_id, what, weight, pid, since, state) VALUES (?, ?, ?, ?, ?, ?)')
          .run(runId, what, weight, holder.pid, holder.since, state)
        const ticket = Number(lastInsertRowid)
        // Before the commit: when others see the row, its lock is held.
        lease = tryLease(folder, lockName(ticket), holder)
        if (!lease) throw new CapacityBusyError(folder)
        return new Place(weight, folder, ticket, lease)
      })
    } catch (error) {
      lease?.release()
      throw error
    }
  }

  /**
   * Looks who is before this member, removes the dead, and lets it in when it is its turn.
   *
   * @throws {CapacityBusyError | CapacityQueueError}
   */
  look(capacity: number): Standing {
    return inQueue(this.#folder, (queue) => {
      const { running, waiting } = Object.groupBy(living(queue, this.#folder, this.#ticket), ({ state }) => state)
      const admitted = !waiting && weightOf(running) + this.weight <= capacity
      if (admitted) {
        const { changes } = queue
          .prepare("UPDATE member SET state = 'running', since = ? WHERE ticket = ?")
          .run(now(), this.#ticket)
        if (changes !== 1) throw new Error('somebody removed it while this run was waiting in it')
      }
      return { admitted, running: running ?? [], waiting: waiting ?? [] }
    })
  }

  /** Leaves the queue and gives back what was in use. Idempotent; never throws. */
  leave(): void {
    if (this.#left) return
    this.#left = true
    try {
      inQueue(this.#folder, (queue) => remove(queue, this.#ticket, this.#lease))
    } catch {
      // Without its lock, the row is a dead member's: whoever looks next removes it.
      this.#lease.release()
    }
  }
}

/**
 * Who uses a host's capacity and who waits for it, oldest first. Those whose process is gone are left out, and removed.
 *
 * @throws {CapacityBusyError | CapacityQueueError}
 */
export function capacityInUse(folder: string): CapacityMember[] {
  if (!queueExists(folder)) return []
  return inQueue(folder, (queue) => living(queue, folder))
}

/** The sum of weights. */
export const weightOf = (members: CapacityMember[] = []): number => members.reduce((sum, { weight }) => sum + weight, 0)

const now = (): string => new Date().toISOString()
const lockName = (ticket: number): string => `ticket-${ticket}`

/** The living members that run, or have a ticket below this one; the dead are removed. */
function living(queue: DatabaseSync, folder: string, own = Number.MAX_SAFE_INTEGER): CapacityMember[] {
  const rows = queue
    .prepare(
      `SELECT ticket, run_id AS runId, what, weight, pid, since, state FROM member
      WHERE ticket < ?1 OR (state = 'running' AND ticket <> ?1) ORDER BY ticket`,
    )
    .all(own) as unknown as Row[]
  return rows.flatMap(({ ticket, ...member }) => {
    const lease = tryLease(folder, lockName(ticket), member)
    if (!lease) return [member]
    remove(queue, ticket, lease)
    return []
  })
}

/** The lease's files go before the deletion is committed: while the row stands, whoever looks finds them. */
function remove(queue: DatabaseSync, ticket: number, lease: Lease): void {
  queue.prepare('DELETE FROM member WHERE ticket = ?').run(ticket)
  lease.release()
}
