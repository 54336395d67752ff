import { backOff } from './reach.ts'

/**
 * Rounds of work, one after the other and never two at a time; a round may be asked for at once. After rounds that fail,
 * the next comes later each time, at most as late as after one that went well.
 */
export class Loop {
  readonly #work: () => Promise<void>
  readonly #everyMs: number
  readonly #ended = new AbortController()
  #wakeUp: (() => void) | undefined
  #asked = false
  #failures = 0
  /** How long a round may well take (ms): the longest of late, and never less than a twentieth of the interval. */
  #mayTakeMs = 0
  /** When the last round ended, whatever came of it (ms). */
  lastEnd = Date.now()
  readonly #done: Promise<void>

  /** @param work a round; one that throws has failed. It says itself what went wrong. */
  constructor(work: () => Promise<void>, everyMs: number) {
    this.#work = work
    this.#everyMs = everyMs
    this.#done = this.#go()
  }

  /** Asks for a round now, or for one more when one is under way; what fails is not hurried. */
  wake(): void {
    this.#asked = true
    if (this.#failures === 0) this.#wakeUp?.()
  }

  /** No round begins any more; resolves when the one under way has ended. */
  async close(): Promise<void> {
    this.#ended.abort()
    this.#wakeUp?.()
    await this.#done
  }

  async #go(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      this.#asked = false
      const begun = performance.now()
      try {
        await this.#work()
        this.#failures = 0
      } catch {
        this.#failures += 1
      }
      this.lastEnd = Date.now()
      await this.#pause(performance.now() - begun)
    }
  }

  /**
   * From the beginning of a round to the end of the next it is the interval, so that what just missed a round is dealt with
   * in that time; but for a breath between two.
   */
  async #pause(tookMs: number): Promise<void> {
    this.#mayTakeMs = Math.max(tookMs, this.#mayTakeMs * 0.9, this.#everyMs / 20)
    // Others are to have their turn, too, whoever asks for how many rounds.
    await new Promise((resolve) => setImmediate(resolve))
    if (this.#ended.signal.aborted || (this.#asked && this.#failures === 0)) return
    await new Promise<void>((resolve) => {
      const rest = Math.max(this.#everyMs - tookMs - this.#mayTakeMs, this.#everyMs / 4)
      const timer = setTimeout(resolve, this.#failures === 0 ? rest : backOff(this.#failures, this.#everyMs))
      this.#wakeUp = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#wakeUp = undefined
  }
}
