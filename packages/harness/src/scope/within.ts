import { setTimeout as pause } from 'node:timers/promises'

/** Waits for work to end, but not longer than this. @returns whether it has ended. @throws what the work throws. */
export async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  const clock = new AbortController()
  try {
    return await Promise.race([work.then(() => true), pause(ms, false, { signal: clock.signal })])
  } finally {
    clock.abort()
  }
}
