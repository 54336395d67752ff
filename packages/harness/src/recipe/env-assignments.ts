/** A variable's name, as the source of a regular expression. */
export const NAME = '[A-Za-z_][A-Za-z0-9_]*'
const ASSIGNMENT = new RegExp(`^[ \\t]*(?:export[ \\t]+)?(${NAME})[ \\t]*=`)
// Upper case and no blank before `=`: prose and lone modifiers ("# length=64 charset=hex") are no assignments.
const COMMENTED = /^[ \t]*#[# \t]*(?:export[ \t]+)?([A-Z_][A-Z0-9_]*)=/
/** Where an assignment and its value stand in the text; `valueEnd` is where the comment or the line's end begins. */
export interface Span {
  key: string
  raw: Piece[]
  comment: string | undefined
  commentedOut: boolean
  valueStart: number
  valueEnd: number
}

/** A stretch of a value: single-quoted text is literal, double-quoted has escapes, bare text is trimmed. */
export interface Piece {
  quote: "'" | '"' | ''
  text: string
}

/** The index of the quote that closes the one at `start`, or -1. */
function closingQuote(text: string, start: number, end: number): number {
  const quote = text[start]
  for (let at = start + 1; at < end; at++) {
    if (quote === '"' && text[at] === '\\') at++
    else if (text[at] === quote) return at
  }
  return -1
}

function lineEnd(text: string, from: number): number {
  const newline = text.indexOf('\n', from)
  return newline === -1 ? text.length : newline
}

/**
 * How far a quoted value may reach: over lines, but never over one that is an assignment itself, so that a stray quote does
 * not swallow the rest of the file. (`Zm9vYg==`, the end of a key in base64, is not taken for one.)
 */
function quoteLimit(text: string, from: number): number {
  const next = new RegExp(`\\n(?:export[ \\t]+)?${NAME}=(?!=?[ \\t\\r]*(?:\\n|$))`, 'g')
  next.lastIndex = from
  return next.exec(text)?.index ?? text.length
}

/** Reads the value that begins at `from`. Quoted values may span lines, except in commented-out assignments. */
function readValue(text: string, from: number, multiline: boolean): Omit<Span, 'key' | 'commentedOut'> {
  const raw: Piece[] = []
  let at = from
  while (text[at] === ' ' || text[at] === '\t') at++
  const valueStart = at
  while (text[at] === "'" || text[at] === '"') {
    const end = closingQuote(text, at, multiline ? quoteLimit(text, at) : lineEnd(text, at))
    if (end === -1) break
    raw.push({ quote: text[at] as "'" | '"', text: text.slice(at + 1, end) })
    at = end + 1
  }
  const end = lineEnd(text, at)
  const rest = text.slice(at, end).replace(/\r$/, '')
  // A comment needs a blank before its `#`, so that `a#b` and `#fff` are values.
  const hash = /[ \t]#/.exec(at > valueStart || from < valueStart ? ` ${rest}` : rest)
  const shift = at > valueStart || from < valueStart ? 1 : 0
  const hashAt = hash ? hash.index - shift + 1 : undefined
  const bare = rest.slice(0, hashAt).trimEnd()
  if (bare !== '') raw.push({ quote: '', text: bare })
  return {
    raw,
    comment: hashAt === undefined ? undefined : rest.slice(hashAt + 1).trim(),
    valueStart,
    valueEnd: at + bare.length,
  }
}

/** The assignments in the text of an `.env` file, commented-out ones among them, in order. */
export function* assignments(text: string): Generator<Span> {
  let at = 0
  while (at < text.length) {
    const line = text.slice(at, lineEnd(text, at))
    const active = ASSIGNMENT.exec(line)
    const match = active ?? COMMENTED.exec(line)
    if (!match) {
      at += line.length + 1
      continue
    }
    const value = readValue(text, at + match[0].length, active !== null)
    yield { key: match[1] ?? '', commentedOut: active === null, ...value }
    at = lineEnd(text, value.valueEnd) + 1
  }
}
