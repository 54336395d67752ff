// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with a control character
const CODE = /(?:\x1b|\\+u001[bB]|\\+x1[bB])\[[0-9;:?]*[A-Za-z]/g
/** Also one that the end of the text cuts off. */
const CODE_OR_BEGUN = new RegExp(
  `${CODE.source}|(?:\\x1b(?:\\[[0-9;:?]*)?|\\\\+(?:u(?:0(?:0(?:1(?:[bB](?:\\[[0-9;:?]*)?)?)?)?)?|x(?:1(?:[bB](?:\\[[0-9;:?]*)?)?)?)?)$`,
  'g',
)
const BEGUN_IN_JSON = /\\(?:u(?:0(?:01?)?)?|x1?)?$/

/** A part of a text between two codes: where it begins without the codes, and with them. */
interface Piece {
  plain: number
  coloured: number
  text: string
}

/** A text without its colours. */
export class View {
  readonly text: string
  readonly #pieces: Piece[]

  constructor(pieces: Piece[]) {
    this.#pieces = pieces
    this.text = pieces.map((piece) => piece.text).join('')
  }

  /** Where the character at `index` stands in the text with its colours. */
  at(index: number): number {
    const piece = this.#last((each) => each.plain <= index)
    return piece ? index - piece.plain + piece.coloured : index
  }

  /** `index` in the text with its colours; where it points into codes, where those begin. */
  beforeCodes(index: number): number {
    const piece = this.#last((each) => each.coloured <= index)
    return piece ? Math.min(index, piece.coloured + piece.text.length) : 0
  }

  #last(accepts: (piece: Piece) => boolean): Piece | undefined {
    let low = 0
    let high = this.#pieces.length
    while (low < high) {
      const middle = (low + high) >> 1
      const piece = this.#pieces[middle]
      if (piece && accepts(piece)) low = middle + 1
      else high = middle
    }
    return this.#pieces[low - 1]
  }
}

/**
 * A text as it reads without terminal codes, also those written out in JSON or in a literal: a coloured diff puts them into
 * the middle of a value. Undefined when there are none. Unless `final`, a code at the end may not have ended yet.
 */
export function withoutColours(text: string, final: boolean): View | undefined {
  const begun = !final && BEGUN_IN_JSON.test(text.slice(-5))
  if (!begun && !text.includes('\x1b') && !/\\[ux](?:00)?1b/i.test(text)) return undefined
  const pieces: Piece[] = []
  let plain = 0
  let from = 0
  const keep = (to: number) => {
    if (to > from) pieces.push({ plain, coloured: from, text: text.slice(from, to) })
    plain += to - from
  }
  for (const code of text.matchAll(final ? CODE : CODE_OR_BEGUN)) {
    keep(code.index)
    from = code.index + code[0].length
  }
  if (from === 0) return undefined
  keep(text.length)
  return new View(pieces)
}

/** The colour codes in a text, nothing else. */
export function coloursOf(text: string): string {
  return text.includes('[') ? (text.match(CODE) ?? []).join('') : ''
}
