import { setTimeout as pause } from 'node:timers/promises'
import { CcciError, messageOf } from '../errors.ts'

/** The engine did not come back in time. */
export class EngineAwayError extends CcciError {}

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
 * @throws what the work throws, at once; {EngineAwayError} at the deadline.
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
      if (!isOutage(error)) throw error
      if (performance.now() > deadline) throw away(error)
      onOutage?.()
      await pause(LOOK_AGAIN_MS)
    }
  }
}

const away = (error: unknown): EngineAwayError =>
  new EngineAwayError({
    happened: 'The Docker engine went away and did not come back in time.',
    lastSeen: messageOf(error),
    todo: 'Start it again; what the run leaves behind is then removed by its warden, or by cc-ci janitor.',
    cause: error,
  })
