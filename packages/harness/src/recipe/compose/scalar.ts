/**
 * A plain YAML scalar as Docker's client reads it. Whole numbers are bigints, so that they stay apart from floats, which are
 * printed differently.
 */
export type ComposeScalar = string | number | bigint | boolean | null

const WORDS = new Map<string, ComposeScalar>([
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
])

const INTEGER = /^([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)$/
const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/

/**
 * Resolves an unquoted scalar by the rules of Docker's YAML library (go-yaml 2, used by client 20.10 and 28 alike): YAML 1.1
 * words such as `yes` and `on` are booleans, `0755` is octal, `1_000` a number, `22:22` text.
 */
export function resolveScalar(source: string): ComposeScalar {
  const word = WORDS.get(source)
  if (word !== undefined) return word
  if (!/^[-+.0-9]/.test(source)) return source
  // Underscores anywhere, but after a leading dot only between digits.
  const digits = source.replaceAll(source.startsWith('.') ? /(?<=\d)_(?=\d)/g : '_', '')
  const integer = INTEGER.exec(digits)
  if (integer?.[2]) {
    const magnitude = BigInt(integer[2].replace(/^0[oO]?(?=[0-7])/, '0o'))
    const value = integer[1] === '-' ? -magnitude : magnitude
    if (value >= -(2n ** 63n) && value < 2n ** 64n) return value
  }
  const float = FLOAT.test(digits) ? Number(digits) : Number.NaN
  return Number.isFinite(float) ? float : source
}

/** A float as Go prints it: 1.5, 100000, 1e+06, 1e-05. */
function floatText(value: number): string {
  const [mantissa = '', power = '0'] = value.toExponential().split('e')
  const exponent = Number(power)
  if (exponent >= -4 && exponent < 6) return String(value)
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
}

/** The text that Docker makes of a label's or variable's value; nothing at all is the empty text. */
export function scalarText(value: Exclude<ComposeScalar, boolean>): string {
  if (value === null) return ''
  return typeof value === 'number' ? floatText(value) : String(value)
}
