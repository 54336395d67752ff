import { setTimeout as pause } from 'node:timers/promises'

const CODES: readonly unknown[] = ['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE']

/**
 * Whether an error says that the engine is away (ended, restarting) or that its swarm has no leader yet, rather than that
 * a request was wrong.
 */
export function isOutage(error: unknown): boolean {
  const { code, statusCode, message } = error as { code?: unknown; statusCode?: number; message?: string }
  return CODES.includes(code) || statusCode === 503 || /socket hang up/.test(message ?? '')
}

/** An engine that comes back makes no event. */
const LOOK_AGAIN_MS = 200

/**
 * Does work on the engine, and does it again while the engine is away, until a deadline (as `performance.now()` counts).
 * The work must bear being done twice.
 *
 * @throws what the work throws: at once, or the outage at the deadline.
 */
export async function throughOutage<Value>(
  deadline: number,
  work: () => Promise<Value>,
  onOutage?: () => void,
): Promise<Value> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!isOutage(error) || performance.now() > deadline) throw error
      onOutage?.()
      await pause(LOOK_AGAIN_MS)
    }
  }
}
