import type Docker from 'dockerode'
import { STACK_LABEL } from './labels.ts'

interface DockerEvent {
  Type?: string
  Actor?: { Attributes?: Record<string, string> }
}

/**
 * Wakes whoever waits for a stack as soon as Docker tells of a change in it. Task states are not among swarm's events
 * (a rejected task makes no sound), so `changed` also returns after a short while and the caller looks again.
 */
export interface Pulse {
  /**
   * Resolves at the next change, after `atMostMs`, or at the signal's abort, whichever comes first. Never rejects.
   *
   * @returns whether there was a change.
   */
  changed(atMostMs: number, signal?: AbortSignal): Promise<boolean>
  close(): void
}

/** Opens the event stream for a stack. */
export async function openPulse(docker: Docker, stack: string): Promise<Pulse> {
  const waiting = new Set<() => void>()
  let beats = 0
  let seen = 0
  const stream = (await docker.getEvents({
    filters: { type: ['container', 'service', 'network', 'volume'] },
  })) as NodeJS.ReadableStream & { destroy(): void }
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    if (!lines.some((line) => concerns(line, stack))) return
    beats += 1
    for (const wake of waiting) wake()
  })
  // The stream ends when the engine restarts; the callers' own clocks and looks go on without it.
  stream.on('error', () => {})
  return {
    async changed(atMostMs, signal) {
      const before = seen
      seen = beats
      if (beats !== before || signal?.aborted) return beats !== before
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, atMostMs)
        function done() {
          clearTimeout(timer)
          waiting.delete(done)
          signal?.removeEventListener('abort', done)
          resolve()
        }
        waiting.add(done)
        signal?.addEventListener('abort', done, { once: true })
      })
      const changed = beats !== seen
      seen = beats
      return changed
    },
    close() {
      for (const wake of waiting) wake()
      stream.destroy()
    },
  }
}

function concerns(line: string, stack: string): boolean {
  // Each health check is an `exec`, and three events that change nothing.
  if (!line.includes(stack) || line.includes('"Action":"exec_')) return false
  try {
    const { Actor } = JSON.parse(line) as DockerEvent
    const attributes = Actor?.Attributes ?? {}
    return attributes[STACK_LABEL] === stack || attributes.name?.startsWith(`${stack}_`) === true
  } catch {
    return true
  }
}
