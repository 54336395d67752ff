import { coloursOf } from './colours.ts'
import type { Matcher } from './matcher.ts'

/** What stands in the place of a secret. */
const MASK = '***'

/**
 * Masks a text that comes in pieces: what comes out in total is what masking the whole would give, wherever the pieces
 * were cut.
 */
export class Chunker {
  readonly #matcher: Matcher
  #held = ''
  /** So many of the held characters belong to what was masked already. */
  #covered = 0
  /** What came out last was a mask. */
  #masking = false
  #found = false

  constructor(matcher: Matcher) {
    this.#matcher = matcher
  }

  /** True while something is held back. */
  get holding(): boolean {
    return this.#held !== ''
  }

  /** True once something was masked. */
  get found(): boolean {
    return this.#found
  }

  /**
   * Takes the next piece and gives what is decided of the text so far. Held back is only what may be the beginning of a
   * form: often the last letters of an unfinished line, a line end only where it stands within a form. No clock lets go of
   * it, or a slow writer's secret would pass in two halves; a terminal's prompt that must be seen at once ends in a blank,
   * a line end or `\r`, with which no form begins.
   */
  push(chunk: string): string {
    return this.#advance(this.#held + chunk, false)
  }

  /** Gives what was held back, and `rest`, at the end of the text. The chunker can be used for another text then. */
  flush(rest = ''): string {
    const result = this.#advance(this.#held + rest, true)
    this.#masking = false
    return result
  }

  #advance(text: string, final: boolean): string {
    const { regions, hold } = this.#matcher.scan(text, final)
    let result = ''
    let from = 0
    const keep = (to: number) => {
      if (to <= from) return
      result += text.slice(from, to)
      from = to
      this.#masking = false
    }
    const hide = (to: number) => {
      if (to <= from) return
      // Colours inside of a secret stay, so that they end where they ended.
      result += (this.#masking ? '' : MASK) + coloursOf(text.slice(from, to))
      from = to
      this.#masking = true
      this.#found = true
    }
    hide(Math.min(this.#covered, hold))
    let covered = this.#covered
    for (const { start, end } of regions) {
      if (start >= hold) break
      keep(start)
      hide(Math.min(end, hold))
      covered = Math.max(covered, end)
    }
    keep(hold)
    this.#held = text.slice(hold)
    this.#covered = Math.max(0, covered - hold)
    return result
  }
}
