import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { escape as escapeQuery, unescape as unescapeQuery } from 'node:querystring'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { formsOf } from './forms.ts'
import { Redactor } from './redactor.ts'

function redactorOf(...values: string[]): Redactor {
  const redactor = new Redactor()
  for (const value of values) expect(redactor.learn(value)).toBe(true)
  return redactor
}

const evaluated = (code: string): unknown => new Function(`return ${code}`)()
const twice = (value: string) => JSON.stringify(JSON.stringify(value))
const ascii = (json: string) =>
  json.replace(/[\x7f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
const html = (json: string) =>
  json.replace(/[<>&\u2028\u2029]/g, ascii).replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`)
const url = () => new URL('https://example.org/')

/** How a value gets into a text, and how it is read out of it again. */
const WAYS: [string, (value: string) => string, (text: string) => unknown][] = [
  ['as it is', (value) => value, (text) => text],
  ['JSON', JSON.stringify, JSON.parse],
  ['JSON in JSON', twice, (text) => JSON.parse(JSON.parse(text))],
  ['JSON in JSON in JSON', (value) => JSON.stringify(twice(value)), (text) => JSON.parse(JSON.parse(JSON.parse(text)))],
  ['JSON in ASCII', (value) => ascii(JSON.stringify(value)), JSON.parse],
  [
    'JSON in ASCII in JSON',
    (value) => JSON.stringify(ascii(JSON.stringify(value))),
    (text) => JSON.parse(JSON.parse(text)),
  ],
  ['JSON as Go writes it', (value) => html(JSON.stringify(value)), JSON.parse],
  ['JSON as PHP writes it', (value) => ascii(JSON.stringify(value)).replaceAll('/', '\\/'), JSON.parse],
  ['encodeURIComponent', encodeURIComponent, decodeURIComponent],
  [
    'encodeURIComponent, twice',
    (value) => encodeURIComponent(encodeURIComponent(value)),
    (text) => decodeURIComponent(decodeURIComponent(text)),
  ],
  [
    'encodeURIComponent of JSON',
    (value) => encodeURIComponent(JSON.stringify(value)),
    (text) => JSON.parse(decodeURIComponent(text)),
  ],
  [
    'lower-case digits',
    (value) => encodeURIComponent(value).replace(/%../g, (code) => code.toLowerCase()),
    decodeURIComponent,
  ],
  ['a form', (value) => new URLSearchParams({ a: value }).toString(), (text) => new URLSearchParams(text).get('a')],
  ['querystring', escapeQuery, unescapeQuery],
  [
    'the password in a URL',
    (value) => Object.assign(url(), { username: 'me', password: value.replaceAll('%', '%25') }).href,
    (text) => decodeURIComponent(new URL(text).password),
  ],
  [
    'the query of a URL',
    (value) => Object.assign(url(), { search: `?a=${encodeURIComponent(value)}` }).href,
    (text) => new URL(text).searchParams.get('a'),
  ],
  [
    'inspection',
    (value) => inspect({ value }, { breakLength: Infinity }),
    (text) => (evaluated(`(${text})`) as { value: string }).value,
  ],
  ['inspection in JSON', (value) => JSON.stringify(inspect(value)), (text) => evaluated(JSON.parse(text))],
  [
    'base64',
    (value) => Buffer.from(value).toString('base64'),
    (text) => (text === '***' ? text : Buffer.from(text, 'base64').toString()),
  ],
  [
    'base64url',
    (value) => Buffer.from(value).toString('base64url'),
    (text) => (text === '***' ? text : Buffer.from(text, 'base64url').toString()),
  ],
  [
    'hexadecimal',
    (value) => Buffer.from(value).toString('hex'),
    (text) => (text === '***' ? text : Buffer.from(text, 'hex').toString()),
  ],
]

/** Values with what encoders escape; a mask in a value could not be told from one of ours. */
const character = fc.oneof(
  fc.constantFrom(...` "'\`\\$!/&<>+=%:;?#@|{}[]()~^,.-_\n\t\r\x01\x7f`, 'é', 'ß', '…', '\u2028', '😀'),
  fc.constantFrom(...'abcnrtuxABC0189'),
)
const value = fc
  .string({ unit: character, minLength: 6, maxLength: 40 })
  .map((text) => text.trim())
  // A carriage return alone is made a line end by some readers (YAML, URLs), which is not the value any more.
  .filter((text) => text.length >= 6 && !/\r(?!\n)/.test(text))

describe.each(WAYS)('%s', (_name, written, read) => {
  test('of any value, nothing but the mask can be read again', () => {
    fc.assert(
      fc.property(value, (secret) => {
        expect(read(written(secret))).toBe(secret)
        expect(read(redactorOf(secret).text(written(secret)))).toBe('***')
      }),
    )
  })
})

test.each(['QUOTE_DOUBLE', 'QUOTE_SINGLE'] as const)('YAML, %s', (defaultStringType) => {
  const printable = value.filter((each) => !/[\p{Cc}\u2028]/u.test(each))
  fc.assert(
    fc.property(printable, (secret) => {
      const text = stringify(secret, { defaultStringType, lineWidth: 0 })
      expect(parse(text)).toBe(secret)
      expect(parse(redactorOf(secret).text(text))).toBe('***')
    }),
  )
})

test('what bash quotes, in each of its ways, is found', () => {
  const values = fc.sample(value, { numRuns: 40, seed: 1 }).filter((each) => !each.includes('\0'))
  const script = `for value in "$@"; do printf '%q\\0' "$value"; printf '%s\\0' "\${value@Q}"; done`
  for (const LC_ALL of ['C', 'C.UTF-8']) {
    const quoted = execFileSync('bash', ['-c', script, 'bash', ...values], { env: { ...process.env, LC_ALL } })
      .toString()
      .split('\0')
      .slice(0, -1)
    expect(quoted).toHaveLength(values.length * 2)
    for (const [index, text] of quoted.entries()) {
      const secret = values[Math.floor(index / 2)] ?? ''
      expect(redactorOf(secret).text(text), JSON.stringify({ secret, text })).toMatch(/^(\$?'\*\*\*'|\*\*\*)$/)
    }
  }
})

describe('base64', () => {
  const bytes = fc.uint8Array({ maxLength: 100 }).map((each) => Buffer.from(each))
  const long = value.filter((each) => Buffer.from(each).length >= 12)

  test('somewhere in what was encoded: of all letters that carry the value, at most the shared ones at its ends remain', () => {
    fc.assert(
      fc.property(bytes, long, bytes, (before, secret, after) => {
        const inside = Buffer.from(secret)
        const text = Buffer.concat([before, inside, after]).toString('base64')
        const [head = '', ...rest] = redactorOf(secret).text(text).split('***')
        expect(rest).toHaveLength(1)
        expect(head.length).toBeLessThanOrEqual(Math.ceil((before.length * 8) / 6))
        expect(text.length - (rest[0] ?? '').length).toBeGreaterThanOrEqual(
          Math.floor(((before.length + inside.length) * 8) / 6),
        )
      }),
    )
  })

  test('broken into lines: of a value torn near its beginning, at most seven letters of the line before remain', () => {
    const ends = fc.constantFrom('\n', '\r\n', '\n  ', '\\n', '\\r\\n')
    fc.assert(
      fc.property(bytes, long, bytes, fc.integer({ min: 40, max: 76 }), ends, (before, secret, after, width, end) => {
        const text = Buffer.concat([before, Buffer.from(secret), after]).toString('base64')
        const lines = text.match(new RegExp(`.{1,${width}}`, 'g')) ?? []
        const parts = redactorOf(secret).text(lines.join(end)).split('***')
        const [head = '', tail = ''] = [parts[0], parts.at(-1)].map((part) => part?.replaceAll(end, ''))
        expect(parts.length).toBeGreaterThan(1)
        expect(head.length).toBeLessThanOrEqual(Math.ceil((before.length * 8) / 6) + 7)
        const last = Math.floor(((before.length + Buffer.from(secret).length) * 8) / 6)
        expect(text.length - tail.length).toBeGreaterThanOrEqual(last)
      }),
    )
  })

  test('the credentials of a request are found by the password alone', () => {
    const header = `Authorization: Basic ${Buffer.from('admin:correct horse').toString('base64')}`
    expect(redactorOf('correct horse').text(header)).toMatch(/^Authorization: Basic YWRtaW46\*\*\*$/)
  })
})

describe('a value of several lines', () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const lines = key.trim().split('\n').slice(1, -1)

  test('is found whole, with both kinds of line ends, and keeps its armour', () => {
    const redactor = redactorOf(key)
    expect(redactor.text(key)).toBe('-----BEGIN PRIVATE KEY-----\n***\n-----END PRIVATE KEY-----\n')
    expect(redactor.text(key.replaceAll('\n', '\r\n'))).toContain('-----\r\n***\r\n-----')
    expect(redactor.text(JSON.stringify({ key }))).toBe(
      String.raw`{"key":"-----BEGIN PRIVATE KEY-----\n***\n-----END PRIVATE KEY-----\n"}`,
    )
  })

  test('is found line by line, each with something before it', () => {
    const printed = redactorOf(key).text(lines.map((line, number) => `${number} | ${line}\n`).join(''))
    for (const line of lines.filter((each) => each.length >= 8)) expect(printed).not.toContain(line)
    expect(printed).toContain('7 | ***\n')
  })

  test('is found in its base64, broken into lines and not', () => {
    const redactor = redactorOf(key)
    const encoded = Buffer.from(key).toString('base64')
    for (const text of [encoded, encoded.replace(/.{76}/g, '$&\n')]) {
      const left = redactor.text(text).replaceAll(/\s/g, '')
      expect(left.length).toBeLessThan(130)
      expect(Buffer.from(left, 'base64').toString()).not.toContain(lines[0]?.slice(0, 8))
    }
  })

  test('a short line of it is no secret', () => {
    expect(redactorOf('{\n"password": "open sesame"\n}').text('{ }')).toBe('{ }')
  })
})

test('forms are few enough to look for, and none is so short that it stands in every text', () => {
  for (const secret of fc.sample(value, { numRuns: 100, seed: 2 })) {
    const forms = [...formsOf(secret)]
    expect(forms.length).toBeLessThan(1500)
    expect(forms.filter((form) => form.length < 6)).toEqual([])
  }
  expect([...formsOf('abcd')].filter((form) => form.length < 6)).toEqual(['abcd'])
})
