import { encodedForms } from './base64.ts'
import { doublings, htmlEscapes, jsonEscapes, literalEscapes, shellEscapes, urlEscapes } from './escapes.ts'

/** Shorter values are not filtered: they stand in every text, and masking them would leave none readable. */
const SHORTEST_VALUE = 4
const SHORTEST_FORM = 6
/** A line of a value is a secret of its own from here on. */
const SHORTEST_LINE = 8

/** The first and last line of any key or certificate. */
const ARMOUR = /^-----(BEGIN|END) [A-Z0-9 ]+-----$/

function derived(text: string): string[] {
  const [json = text] = jsonEscapes(text)
  const once = [...new Set([text, json])].flatMap((body) => [
    ...jsonEscapes(body),
    ...urlEscapes(body),
    ...literalEscapes(body),
    ...shellEscapes(body),
    ...htmlEscapes(body),
    ...encodedForms(body),
  ])
  once.push(...doublings(text))
  const quoted = [...new Set(once)].flatMap((body) => (/["\\]/.test(body) ? jsonEscapes(body).slice(0, 1) : []))
  const thrice = jsonEscapes(json).flatMap((body) => jsonEscapes(body).slice(0, 1))
  return [...once, ...quoted, ...thrice]
}

/** A value as it is learned: without the blanks and line ends around it; undefined when it is too short to be filtered. */
export function secretOf(value: string): string | undefined {
  const trimmed = value.trim()
  return trimmed.length < SHORTEST_VALUE ? undefined : trimmed
}

/** What is secret of a key or a certificate: what stands inside of its armour. */
function withoutArmour(secret: string): string {
  const inside = secret.replace(/^-----BEGIN [A-Z0-9 ]+-----\s/, '').replace(/\s-----END [A-Z0-9 ]+-----$/, '')
  return secretOf(inside) ?? secret
}

/**
 * Every form in which a value is looked for: as it is, in JSON (also in JSON in JSON), in URLs, for shells, in HTML, as a
 * literal, in base64 and in hexadecimal digits; of a value of several lines, with both kinds of line ends, and each longer
 * line alone. Not covered: another Unicode normalisation, another case, a value that was compressed, encrypted or cut in
 * the middle.
 */
export function formsOf(secret: string): Set<string> {
  const whole = withoutArmour(secret)
  const lines = whole.split(/\r?\n/)
  const wholes = [whole, lines.join('\n'), lines.join('\r\n')]
  const parts = lines.map((line) => line.trim()).filter((line) => line.length >= SHORTEST_LINE && !ARMOUR.test(line))
  const forms = new Set<string>()
  for (const text of new Set(lines.length > 1 ? [...wholes, ...parts] : [whole])) {
    forms.add(text)
    for (const form of derived(text)) if (form.length >= SHORTEST_FORM) forms.add(form)
  }
  return forms
}
