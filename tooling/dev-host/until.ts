import { setTimeout as delay } from 'node:timers/promises'

/**
 * Looks again every `everyMs` until `look` returns something other than `undefined` or `false`; nothing is returned when
 * the deadline passes first. What `look` throws ends the wait: that is how it says that waiting is hopeless.
 */
export async function until<T>(
  look: () => Promise<T | undefined | false> | T | undefined | false,
  { deadlineMs, everyMs = 50 }: { deadlineMs: number; everyMs?: number },
): Promise<T | undefined> {
  const end = performance.now() + deadlineMs
  while (true) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (performance.now() >= end) return undefined
    await delay(everyMs)
  }
}
