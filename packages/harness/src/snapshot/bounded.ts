import { CcciError } from '../errors.ts'

/** How long work on a snapshot may take, and what ends it before. */
export interface Limits {
  /** Milliseconds for all of it. */
  timeoutMs: number
  signal?: AbortSignal | undefined
}

/** Work on a snapshot did not end within its time. */
export class SnapshotTimeoutError extends CcciError {}

/**
 * Runs work until its end, its time, or its signal's.
 *
 * @throws {SnapshotTimeoutError}, the signal's reason, or what the work throws.
 */
export async function bounded<Value>(
  { timeoutMs, signal: outer }: Limits,
  work: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const clock = new AbortController()
  const timer = setTimeout(() => {
    clock.abort(
      new SnapshotTimeoutError({
        happened: `The work on the snapshot did not end within ${timeoutMs / 1000} s.`,
        todo: 'If the volumes are only large, give it a longer time.',
      }),
    )
  }, timeoutMs)
  const signal = outer ? AbortSignal.any([outer, clock.signal]) : clock.signal
  try {
    signal.throwIfAborted()
    return await work(signal)
  } finally {
    clearTimeout(timer)
  }
}
