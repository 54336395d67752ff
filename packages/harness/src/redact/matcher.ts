import { type View, withoutColours } from './colours.ts'
import { FormList } from './form-list.ts'

/** A part of a text that is to be masked; `end` is the first place after it. */
interface Region {
  start: number
  end: number
}

export interface Scan {
  /** In order, none touching another. */
  regions: Region[]
  /** What begins here may be the beginning of a form and is not decided yet; the length of the text if all is. */
  hold: number
}

/** Forms are found by their first characters. */
const KEY = 4
const SLOTS = 2 ** 18

/** Mixes one more character into the key of the last four; those before have been shifted out. */
const mix = (key: number, code: number): number => ((key << 5) ^ Math.imul(code, 0x2c9)) & (SLOTS - 1)

/**
 * Finds many forms in a text at once: one pass, with a table of the first characters of all forms to pass over what
 * cannot be one. Forms can be added at any time.
 */
export class Matcher {
  readonly #slots = new Uint8Array(SLOTS)
  readonly #byKey = new Map<number, FormList>()
  /** The first one, two or three characters of all forms. */
  readonly #beginnings = new Set<string>()

  /** Adds a form; shorter ones than four characters are left out. */
  add(form: string): void {
    if (form.length < KEY) return
    let key = 0
    for (let index = 0; index < KEY; index++) key = mix(key, form.charCodeAt(index))
    this.#slots[key] = 1
    const list = this.#byKey.get(key) ?? new FormList()
    list.add(form)
    this.#byKey.set(key, list)
    for (let length = 1; length < KEY; length++) this.#beginnings.add(form.slice(0, length))
  }

  /**
   * What of `text` is covered by forms, whether or not colours stand in between. Unless `final`, more text may follow.
   */
  scan(text: string, final: boolean): Scan {
    if (this.#byKey.size === 0 || text === '') return { regions: [], hold: text.length }
    const plain = this.#pass(text, final)
    const view = withoutColours(text, final)
    if (!view) return { regions: merge(plain.regions), hold: plain.hold }
    const coloured = this.#pass(view.text, final)
    const holds = [plain.hold, coloured.hold === view.text.length ? text.length : view.at(coloured.hold)]
    const hold = Math.min(...holds)
    return {
      regions: merge([...plain.regions, ...coloured.regions.map((region) => original(view, region))]),
      hold: hold === text.length ? hold : view.beforeCodes(hold),
    }
  }

  #pass(text: string, final: boolean): Scan {
    const regions: Region[] = []
    let hold = text.length
    let key = 0
    for (let index = 0; index < text.length; index++) {
      key = mix(key, text.charCodeAt(index))
      if (this.#slots[key] === 0 || index < KEY - 1) continue
      const start = index - KEY + 1
      const found = this.#byKey.get(key)?.longest(text, start, final)
      if (!found) continue
      if (found.end > start) regions.push({ start, end: found.end })
      if (found.pending) hold = Math.min(hold, start)
    }
    return { regions, hold: final ? hold : Math.min(hold, this.#begun(text)) }
  }

  /** Where the last characters of a text are the first ones of a form, too few to be found by. */
  #begun(text: string): number {
    for (let length = Math.min(KEY - 1, text.length); length > 0; length--) {
      if (this.#beginnings.has(text.slice(text.length - length))) return text.length - length
    }
    return text.length
  }
}

const original = (view: View, region: Region): Region => ({
  start: view.at(region.start),
  end: view.at(region.end - 1) + 1,
})

function merge(regions: Region[]): Region[] {
  const merged: Region[] = []
  for (const { start, end } of regions.sort((one, other) => one.start - other.start)) {
    const last = merged.at(-1)
    if (last && start <= last.end) last.end = Math.max(last.end, end)
    else merged.push({ start, end })
  }
  return merged
}
