import { assignments, NAME, type Piece } from './env-assignments.ts'

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

const REFERENCE = `\\$\\{(${NAME})\\}|\\$(${NAME})`
// Escapes and references are matched in one pass, so that what an escape gives is never read again.
const BARE = new RegExp(`\\\\(\\$)|${REFERENCE}`, 'g')
const IN_DOUBLE_QUOTES = new RegExp(`\\\\([nrt"\\\\$\`])|${REFERENCE}`, 'g')
const LETTERS: Record<string, string> = { n: '\n', r: '\r', t: '\t' }

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
