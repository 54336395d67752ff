/** One assignment of an `.env` file. */
export interface EnvLine {
  key: string
  /** Quotes stripped, `$NAME` and `${NAME}` expanded from the lines above. */
  value: string
  /** The text after the `#` that follows the value, such as `length=43 charset=hex`. */
  comment: string | undefined
}

/** An `.env` file as read, in file order. */
export interface EnvFile {
  lines: EnvLine[]
  /** The last value of each key. */
  values: Record<string, string>
  /** Assignments that are commented out, such as `# SECRET_X_VERSION=v1 # length=43`. */
  commented: EnvLine[]
}

const NAME = '[A-Za-z_][A-Za-z0-9_]*'
const ASSIGNMENT = new RegExp(`^[ \\t]*(?:export[ \\t]+)?(${NAME})[ \\t]*=`)
// Upper case and no blank before `=`: prose and lone modifiers ("# length=64 charset=hex") are no assignments.
const COMMENTED = /^[ \t]*#[# \t]*(?:export[ \t]+)?([A-Z_][A-Z0-9_]*)=/
const REFERENCE = `\\$\\{(${NAME})\\}|\\$(${NAME})`
// Escapes and references are matched in one pass, so that what an escape gives is never read again.
const BARE = new RegExp(`\\\\(\\$)|${REFERENCE}`, 'g')
const IN_DOUBLE_QUOTES = new RegExp(`\\\\([nrt"\\\\$\`])|${REFERENCE}`, 'g')
const LETTERS: Record<string, string> = { n: '\n', r: '\r', t: '\t' }

/** Where an assignment and its value stand in the text; `valueEnd` is where the comment or the line's end begins. */
interface Span {
  key: string
  raw: Piece[]
  comment: string | undefined
  valueStart: number
  valueEnd: number
}

/** A stretch of a value: single-quoted text is literal, double-quoted has escapes, bare text is trimmed. */
interface Piece {
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
function readValue(text: string, from: number, multiline: boolean): Omit<Span, 'key'> {
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

function* assignments(text: string): Generator<Span & { commentedOut: boolean }> {
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

function resolve(pieces: Piece[], values: Map<string, string>): string {
  const fill = (text: string, pattern: RegExp, ofEscape: (letter: string) => string): string =>
    text.replace(pattern, (_, letter?: string, braced?: string, plain?: string) =>
      letter === undefined ? (values.get(braced ?? plain ?? '') ?? '') : ofEscape(letter),
    )
  return pieces
    .map(({ quote, text }) => {
      if (quote === "'") return text
      if (quote === '"') return fill(text, IN_DOUBLE_QUOTES, (letter) => LETTERS[letter] ?? letter)
      return fill(text, BARE, (letter) => letter)
    })
    .join('')
}

/**
 * Reads an `.env` or `.env.sample` the way abra does: `KEY=value`, `export ` tolerated, single quotes literal, double quotes
 * with `\n`, `\"`, `\\` and `\$`, and `$NAME`/`${NAME}` expanded in file order from the lines above; an unknown name is empty.
 * `$COMPOSE_FILE` starts out as `compose.yml`, so that `COMPOSE_FILE="$COMPOSE_FILE:compose.x.yml"` works on the first line.
 * Lines that are not assignments are passed over.
 */
export function parseEnv(text: string): EnvFile {
  const values = new Map<string, string>()
  const known = new Map<string, string>([['COMPOSE_FILE', 'compose.yml']])
  const lines: EnvLine[] = []
  const commented: EnvLine[] = []
  for (const { key, raw, comment, commentedOut } of assignments(text)) {
    const line = { key, value: resolve(raw, known), comment }
    if (commentedOut) {
      commented.push(line)
      continue
    }
    lines.push(line)
    values.set(key, line.value)
    known.set(key, line.value)
  }
  return { lines, values: Object.fromEntries(values), commented }
}

/** The value as it must be written for `parseEnv` (and abra) to read it back exactly. */
function quoted(value: string): string {
  if (/^[A-Za-z0-9_.,:;/@%+=~^-]*$/.test(value)) return value
  if (!/['\r\n]/.test(value)) return `'${value}'`
  const escaped = value.replace(/[\\"$]/g, (character) => `\\${character}`)
  return `"${escaped.replaceAll('\n', '\\n').replaceAll('\r', '\\r')}"`
}

/** A name that cannot stand before the `=` of an `.env` line. */
function checkName(key: string): void {
  if (!new RegExp(`^${NAME}$`).test(key)) throw new TypeError(`"${key}" is not a name an .env file can assign.`)
}

/**
 * Sets variables in the text of an `.env` file. Every existing assignment of a key is replaced in place and keeps its comment
 * (so lines below that refer to it see the new value); other keys are appended on lines of their own, also where the text has
 * no final newline. `parseEnv` gives the values back exactly.
 *
 * @throws {TypeError} for a key that is no variable name.
 */
export function editEnv(text: string, changes: Record<string, string>): string {
  const wanted = new Map(Object.entries(changes))
  for (const key of wanted.keys()) checkName(key)
  const newline = text.includes('\r\n') ? '\r\n' : '\n'
  const seen = new Set<string>()
  let edited = ''
  let copied = 0
  for (const span of assignments(text)) {
    const value = wanted.get(span.key)
    if (value === undefined || span.commentedOut) continue
    seen.add(span.key)
    const gap = span.comment !== undefined && span.valueStart === span.valueEnd ? ' ' : ''
    edited += text.slice(copied, span.valueStart) + quoted(value) + gap
    copied = span.valueEnd
  }
  edited += text.slice(copied)
  for (const [key, value] of wanted) {
    if (seen.has(key)) continue
    if (edited !== '' && !edited.endsWith('\n')) edited += newline
    edited += `${key}=${quoted(value)}${newline}`
  }
  return edited
}
