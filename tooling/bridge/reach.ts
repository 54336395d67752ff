import { messageOf } from '@cc-ci/harness'
import type { Log } from './log.ts'

const FIRST_MS = 500
const MOST_MS = 20_000

/** How long to leave alone what has failed so often (ms); not the same for everybody who waits for it. */
export const backOff = (failures: number, mostMs = MOST_MS): number =>
  Math.min(FIRST_MS * 2 ** Math.min(failures - 1, 10), mostMs) * (0.75 + Math.random() / 4)

/** Whether something outside does its part, as it was last seen: said once when it fails, and once when it is back. */
export class Reach {
  readonly name: string
  readonly #log: Log
  #awaySince: number | undefined
  #failures = 0
  #restUntil = 0
  #lastSaid = ''

  constructor(name: string, log: Log) {
    this.name = name
    this.#log = log
  }

  /** Since when it fails (ms); nothing, when it does not. */
  get awaySince(): number | undefined {
    return this.#awaySince
  }

  /** It has just failed, and is left alone for a while. */
  get resting(): boolean {
    return Date.now() < this.#restUntil
  }

  well(): void {
    if (this.#awaySince === undefined) return
    this.#log.info(`${this.name} is back`, { away_s: Math.round((Date.now() - this.#awaySince) / 1000) })
    this.#awaySince = undefined
    this.#failures = 0
    this.#restUntil = 0
    this.#lastSaid = ''
  }

  failed(error: unknown): void {
    const said = messageOf(error)
    if (said !== this.#lastSaid) this.#log.error(`${this.name} does not do its part`, { error: said })
    this.#lastSaid = said
    this.#awaySince ??= Date.now()
    this.#failures += 1
    this.#restUntil = Date.now() + backOff(this.#failures)
  }
}
