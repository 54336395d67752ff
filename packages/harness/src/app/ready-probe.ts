import { setTimeout as pause } from 'node:timers/promises'
import { messageOf } from '../errors.ts'
import type { Probe } from './probe.ts'

/** How long one look waits for the probe's word (ms); after that it is looked at again what the app does meanwhile. */
const LOOK_MS = 1_000

/** A recipe's own word on whether its app is ready: a function that throws until it is. One call at a time. */
export class ReadyProbe {
  readonly #ask: () => void | Promise<void>
  #pending: Promise<Probe> | undefined

  constructor(ask: () => void | Promise<void>) {
    this.#ask = ask
  }

  /** What the probe says now; a call that has not come back is waited for by the next look. */
  async look(signal: AbortSignal | undefined): Promise<Probe> {
    this.#pending ??= this.#call()
    const at = Date.now()
    const clock = new AbortController()
    const waiting = pause(LOOK_MS, undefined, {
      signal: signal ? AbortSignal.any([signal, clock.signal]) : clock.signal,
    })
    try {
      const said = await Promise.race([this.#pending, waiting])
      if (!said) return { at, kind: 'not-ready', text: 'the ready probe has not come back yet' }
      this.#pending = undefined
      return said
    } finally {
      clock.abort()
      waiting.catch(() => {})
    }
  }

  async #call(): Promise<Probe> {
    const at = Date.now()
    try {
      await this.#ask()
      return { at, kind: 'ready', text: 'the ready probe is content' }
    } catch (error) {
      return { at, kind: 'not-ready', text: `the ready probe says: ${messageOf(error)}` }
    }
  }
}
