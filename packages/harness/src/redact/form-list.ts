/** After so many characters a form of letters may be broken by a line end, as base64 is. */
const WRAP_AFTER = 8
/** So much of a form is masked although the rest was cut off, as assertion messages and tables do with long texts. */
const SHORTENED = 12
const QUOTES = 4

const LETTERS = /^[\w+/=-]+$/
/** A line end, and what stands before the next line; also as an escape in JSON. At the end of a text: part of one. */
const LINE_END = /(?:[\r\n]|\\[rn]|\\$)[ \t]*/y
/** What stands where a text was cut off; the third kind is the ellipsis in UTF-8, read byte by byte. */
const CUT = /["'`]?(?:\.{3}|…|\xe2\x80\xa6|\\u2026|$)/y
/** What may become one of these. */
const CUT_BEGUN = /["'`]?(?:\.{0,2}|\xe2?\x80?|\\(?:u(?:20?2?)?)?)$/y

/** Where `pattern` ends that begins at `index`; -1 when it does not begin there. */
function after(pattern: RegExp, text: string, index: number): number {
  pattern.lastIndex = index
  return pattern.test(text) ? pattern.lastIndex : -1
}

interface Form {
  text: string
  /** So many first characters it shares with the form before it in the list. */
  shared: number
  wraps: boolean
}

function sharedBy(one: string, other: string): number {
  let length = 0
  while (length < one.length && length < other.length && one.charCodeAt(length) === other.charCodeAt(length)) length++
  return length
}

/** Forms that begin alike. In alphabetical order, so that what one has in common with the text tells of the next one. */
export class FormList {
  readonly #texts = new Set<string>()
  #sorted: Form[] | undefined

  add(text: string): void {
    if (this.#texts.has(text)) return
    this.#texts.add(text)
    this.#sorted = undefined
  }

  /**
   * Where the longest form that begins at `start` ends (before `start` if there is none), and whether a longer one could if
   * more text came.
   */
  longest(text: string, start: number, final: boolean): { end: number; pending: boolean } {
    this.#sorted ??= this.#sort()
    let whole = -1
    let part = -1
    let pending = false
    let length = 0
    for (const form of this.#sorted) {
      if (form.shared < length) length = form.shared
      else if (form.shared === length) {
        while (length < form.text.length && text.charCodeAt(start + length) === form.text.charCodeAt(length)) length++
      }
      if (length === form.text.length) {
        whole = Math.max(whole, start + length)
      } else if (!final && start + length === text.length) {
        pending = true
      } else if (length >= WRAP_AFTER) {
        const seen = beyond(form, text, start, length, final)
        whole = Math.max(whole, seen.whole)
        part = Math.max(part, seen.part)
        pending ||= seen.pending
      }
    }
    // A whole form with a quote after it is also a part of the form in which that quote is escaped.
    return { end: part > whole + QUOTES ? part : whole, pending }
  }

  #sort(): Form[] {
    const texts = [...this.#texts].sort()
    return texts.map((text, index) => ({
      text,
      shared: sharedBy(texts[index - 1] ?? '', text),
      wraps: LETTERS.test(text),
    }))
  }
}

/** What is to be said of a form of which the text has the first `length` characters and then something else. */
function beyond(form: Form, text: string, start: number, length: number, final: boolean) {
  const seen = { whole: -1, part: -1, pending: false }
  let known = length
  let last = start + length
  let end = last
  while (form.wraps && known < form.text.length) {
    const next = after(LINE_END, text, end)
    if (next < 0) break
    end = next
    while (known < form.text.length && text.charCodeAt(end) === form.text.charCodeAt(known)) {
      known++
      last = ++end
    }
  }
  if (known === form.text.length) return { ...seen, whole: last }
  if (!final && end === text.length) return { ...seen, pending: true }
  if (known < SHORTENED) return seen
  const cut = after(CUT, text, last)
  const undecided = !final && (cut === text.length || after(CUT_BEGUN, text, last) >= 0)
  return { ...seen, part: cut < 0 ? -1 : last, pending: undecided }
}
