/** Letters at the beginning of an encoded form that may stand alone at the end of a line. */
const BROKEN_OFF = 7

/** Of a form that a line end tore apart near its beginning, what the next line begins with. */
function tails(form: string, step: number): string[] {
  const found: string[] = []
  for (let cut = step; cut <= BROKEN_OFF && form.length - cut > BROKEN_OFF; cut += step) found.push(form.slice(cut))
  return found
}

/**
 * The bytes in base64, wherever they stand in what was encoded: for each of the three ways in which they can lie on the
 * groups of three bytes, the letters that depend on them alone, and those at which the encoding ends with them.
 */
function aligned(bytes: Buffer): { whole: string[]; tails: string[] } {
  const whole: string[] = []
  const torn: string[] = []
  for (const before of [0, 1, 2]) {
    const all = Buffer.concat([Buffer.alloc(before), bytes])
    const first = Math.ceil((before * 8) / 6)
    const ended = all.toString('base64').slice(first)
    const inner = ended.slice(0, Math.floor((all.length * 8) / 6) - first)
    whole.push(inner, ended, ended.replace(/=+$/, ''))
    torn.push(...tails(inner, 1))
  }
  return { whole, tails: torn }
}

const inUrl = (form: string): string => form.replaceAll('+', '-').replaceAll('/', '_')

function escaped(form: string): string[] {
  const percent = encodeURIComponent(form)
  return [form, percent, percent.replace(/%../g, (code) => code.toLowerCase()), form.replaceAll('/', '\\/')]
}

/** The text in base64 and base64url, at any place of what was encoded, and in hexadecimal digits. */
export function encodedForms(text: string): string[] {
  const bytes = Buffer.from(text)
  const base64 = aligned(bytes)
  const digits = bytes.toString('hex')
  const hex = [digits, ...tails(digits, 2)]
  const plain = [...base64.whole, ...base64.tails]
  return [
    ...base64.whole.flatMap(escaped),
    ...base64.tails,
    ...plain.map(inUrl),
    ...hex,
    ...hex.map((form) => form.toUpperCase()),
  ]
}
