import { setTimeout as pause } from 'node:timers/promises'
import type { AppHttp } from './http.ts'
import { probe } from './probe.ts'

/** How often the app is asked (ms). */
const INTERVAL_MS = 200

/** An answer that takes longer than this (ms) is none. */
const PATIENCE_MS = 5_000

/** One look at the app, in milliseconds of one clock. */
export interface Look {
  began: number
  ended: number
  good: boolean
}

/** For how long an app gave no good answer, as far as was asked. */
export interface Downtime {
  /** All of it, in milliseconds. */
  downtimeMs: number
  /** The longest time on end, in milliseconds. */
  longestMs: number
  /** How often the app was asked. */
  looks: number
  /** How often it gave no good answer. */
  failed: number
}

export interface DowntimeOptions {
  http: AppHttp
  /** Path that tells health. */
  path: string
  /** Statuses that count as good. */
  statuses: readonly number[]
  /** Ends the asking at once. */
  signal: AbortSignal
}

/**
 * Adds up what looks have seen. A downtime lasts from when the first request was sent that got no good answer until the
 * next good answer had come; one that was not over at the last look, until that ended.
 */
export function downtimeOf(looks: readonly Look[]): Downtime {
  const gaps: number[] = []
  let since: number | undefined
  for (const { began, ended, good } of looks) {
    if (!good) since ??= began
    if (good && since !== undefined) {
      gaps.push(ended - since)
      since = undefined
    }
  }
  const last = looks.at(-1)
  if (last && since !== undefined) gaps.push(last.ended - since)
  return {
    downtimeMs: Math.round(gaps.reduce((sum, gap) => sum + gap, 0)),
    longestMs: Math.round(Math.max(0, ...gaps)),
    looks: looks.length,
    failed: looks.filter(({ good }) => !good).length,
  }
}

/** Asks an app for its health steadily, five times a second, until it is stopped. */
export function watchDowntime({ http, path, statuses, signal }: DowntimeOptions): { stop(): Promise<Downtime> } {
  const looks: Look[] = []
  const stopping = new AbortController()
  const ended = AbortSignal.any([signal, stopping.signal])
  const ask = async () => {
    while (!ended.aborted) {
      const began = performance.now()
      // Not ended by a stop: an answer that is on its way may have been waited for since the app went down.
      const { kind } = await probe(http, path, statuses, signal, PATIENCE_MS)
      looks.push({ began, ended: performance.now(), good: kind === 'ready' })
      await pause(Math.max(0, began + INTERVAL_MS - performance.now()), undefined, { signal: ended })
    }
  }
  const asking = ask().catch((error: unknown) => {
    if (!ended.aborted) throw error
  })
  // Told by stop; nobody else listens until then.
  asking.catch(() => {})
  return {
    async stop() {
      stopping.abort()
      await asking
      return downtimeOf(looks)
    },
  }
}
