/** Ways in which programs write a text inside another one. Each takes the text and gives what stands between the quotes. */
type Escape = (text: string) => string

const hex = (code: number, width: number): string => code.toString(16).padStart(width, '0')

const jsonBody: Escape = (text) => JSON.stringify(text).slice(1, -1)

/** JSON as the encoders of other languages write it: Python and PHP keep to ASCII, PHP escapes `/`, Go escapes HTML. */
export function jsonEscapes(text: string): string[] {
  const plain = jsonBody(text)
  const html = plain.replace(/[<>&\u2028\u2029]/g, (char) => `\\u${hex(char.charCodeAt(0), 4)}`)
  const ascii = (body: string) => body.replace(/[\x7f-\uffff]/g, (char) => `\\u${hex(char.charCodeAt(0), 4)}`)
  const capital = (body: string) => body.replace(/\\u[0-9a-f]{4}/g, (code) => `\\u${code.slice(2).toUpperCase()}`)
  const slashes = (body: string) => body.replaceAll('/', '\\/')
  const bodies = [plain, html, ascii(plain), ascii(html), capital(ascii(plain)), capital(ascii(html))]
  return [...bodies, ...bodies.map(slashes)]
}

const SAFE = 'A-Za-z0-9'
/** What the usual URL encoders leave as it is. */
const KEPT = [
  `${SAFE}\\-_.!~*'()`, // encodeURIComponent
  `${SAFE}\\-_.!~*()`, // the same, in the query of a URL
  `${SAFE}\\-_.~`, // RFC 3986
  `${SAFE}\\-_.~/`, // a path in Python
  `${SAFE}\\-_.*`, // a form
  `${SAFE}\\-_.`, // a form in PHP
  `${SAFE}\\-_.~!$&'()*+,`, // user and password of a URL
  `${SAFE}\\-_.~!$&'()*+,%`, // the same, in browsers
  `${SAFE}\\-_.~!$&'()*+,;=:@`, // a piece of a path
  `${SAFE}\\-_.~!$&'()*+,;=:@/`, // a path
  `${SAFE}\\-_.~!$&'()*+,;=:@/?#`, // encodeURI
  `${SAFE}\\-_.~!$&()*+,;=:@/?[\\]\\\\^|{}\`%`, // a query, in browsers
  SAFE,
].map((set) => new RegExp(`[^${set}]`, 'gu'))

function percent(text: string, encoded: RegExp): string {
  return text.replace(encoded, (char) => Buffer.from(char).toString('hex').toUpperCase().replace(/../g, '%$&'))
}

/** Percent-encoded, with digits in both cases, blanks as `%20` or `+`; once, and twice as in a redirect in a URL. */
export function urlEscapes(text: string): string[] {
  const once = KEPT.map((encoded) => percent(text, encoded))
  const all = [...once, ...once.map((body) => body.replaceAll('%', '%25'))]
  const plus = all.map((body) => body.replace(/%(25)?20/g, '+'))
  const lower = [...all, ...plus].map((body) => body.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()))
  return [
    ...all,
    ...plus,
    ...lower,
    ...lower.map((body) => body.replace(/%25[0-9A-F]{2}/g, (code) => code.toLowerCase())),
  ]
}

const SHORT: Record<string, string> = {
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is escaped
const CONTROL = /[\0-\x1f\x7f]/g

/** The body of a string literal as JavaScript's and Python's inspection print it, in each kind of quotes. */
export function literalEscapes(text: string): string[] {
  const body = text.replaceAll('\\', '\\\\')
  const lower = body.replace(CONTROL, (char) => SHORT[char] ?? `\\x${hex(char.charCodeAt(0), 2)}`)
  const upper = body.replace(CONTROL, (char) => SHORT[char] ?? `\\x${hex(char.charCodeAt(0), 2).toUpperCase()}`)
  return [lower, upper].flatMap((literal) => [literal, literal.replaceAll("'", "\\'"), literal.replaceAll('`', '\\`')])
}

/** The body of `$'…'`: `\e` and octal bytes, with or without those beyond ASCII. */
function ansiC(text: string, beyond: boolean): string {
  const body = text
    .replace(/[\\']/g, '\\$&')
    .replace(CONTROL, (char) => SHORT[char] ?? (char === '\x07' ? '\\a' : char === '\x1b' ? '\\E' : octal(char)))
  return beyond ? body.replace(/[^\0-\x7f]/gu, octal) : body
}

const octal: Escape = (char) => [...Buffer.from(char)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')

/** Quoted for a shell: in single quotes, in double quotes, after backslashes as `printf %q` writes them, in `$'…'`. */
export function shellEscapes(text: string): string[] {
  const backslash = (special: RegExp) => text.replace(special, '\\$&')
  return [
    text.replaceAll("'", "'\\''"),
    text.replaceAll("'", `'"'"'`),
    backslash(/["\\$`]/g),
    backslash(/["\\$`!]/g),
    backslash(/[ !"$&'()*,;<>?[\\\]^`{|}]|^[#~]|(?<=[:=])~/g),
    backslash(/[#!"$&'()*,:;<=>?@[\\\]^`{|} ~]/g),
    backslash(/[^A-Za-z0-9_]/gu),
    ansiC(text, false),
    ansiC(text, true),
  ]
}

/** A quote doubled (YAML, SQL), a dollar doubled (compose files). */
export function doublings(text: string): string[] {
  return [text.replaceAll("'", "''"), text.replaceAll('"', '""'), text.replaceAll('$', '$$$$')]
}

const QUOTES = [
  {},
  { '"': '&quot;' },
  { '"': '&quot;', "'": '&#39;' },
  { '"': '&quot;', "'": '&#x27;' },
  { '"': '&quot;', "'": '&apos;' },
  { '"': '&#34;', "'": '&#39;' },
  { '"': '&quot;', "'": '&#39;', '/': '&#x2F;', '`': '&#x60;', '=': '&#x3D;' },
] as Record<string, string>[]

/** As the text or the attribute of an HTML or XML document. */
export function htmlEscapes(text: string): string[] {
  const body = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  const found = QUOTES.map((quotes) => body.replace(/["'/`=]/g, (char) => quotes[char] ?? char))
  return [...found, ...found.map((each) => each.replace(/[\t\n\r]/g, (char) => `&#${char.charCodeAt(0)};`))]
}
