import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formsOf } from './forms.ts'
import { Redactor } from './redactor.ts'

function redactorOf(...values: string[]): Redactor {
  const redactor = new Redactor()
  for (const value of values) redactor.learn(value)
  return redactor
}

/** The text, cut at these places. */
function piecesOf<T extends string | Buffer>(text: T, cuts: number[]): T[] {
  const places = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((one, other) => one - other)
  return [0, ...places].map((from, index) => text.slice(from, places[index] ?? text.length) as T)
}

function inPieces(redactor: Redactor, text: string, cuts: number[]): string {
  const chunker = redactor.chunker()
  return (
    piecesOf(text, cuts)
      .map((piece) => chunker.push(piece))
      .join('') + chunker.flush()
  )
}

async function throughStream(redactor: Redactor, pieces: Buffer[]): Promise<Buffer> {
  return await buffer(Readable.from(pieces, { objectMode: false }).pipe(redactor.stream()))
}

const cuts = fc.array(fc.nat(), { maxLength: 12 })
/** A mask in a value could not be told from one of ours. */
const value = fc
  .string({ unit: 'binary', minLength: 4, maxLength: 60 })
  .map((text) => text.trim())
  .filter((text) => text.length >= 4 && !text.includes('*'))
const around = fc.string({ unit: 'binary', maxLength: 40 })

/** A text with a form of the value in it. */
const planted = fc.tuple(value, fc.nat(), around, around).map(([secret, pick, before, after]) => {
  const forms = [...formsOf(secret)]
  const form = forms[pick % forms.length] ?? ''
  return { secret, form, text: `${before}${form}${after}` }
})

describe('a text that comes in pieces', () => {
  test('is masked like the whole, whatever the value, its form and the pieces', () => {
    fc.assert(
      fc.property(planted, cuts, ({ secret, form, text }, places) => {
        const redactor = redactorOf(secret)
        const whole = redactor.text(text)
        expect(whole).not.toContain(form)
        expect(inPieces(redactor, text, places)).toBe(whole)
      }),
      { numRuns: 500 },
    )
  })

  test('is masked like the whole when lines, colours or an end tore the form', () => {
    const torn = fc.constantFrom(
      '\n',
      '\r\n  ',
      '\\n',
      '\\r\\n',
      '\x1b[7m',
      '\\u001b[7m',
      '\\\\u001b[7m',
      '…',
      '...',
      '"…',
      '\\u2026',
    )
    const letters = fc.string({ unit: fc.constantFrom(...'aB3+/'), minLength: 14, maxLength: 40 })
    const texts = fc.tuple(
      fc.oneof(value, letters),
      fc.nat(),
      fc.array(fc.tuple(fc.nat(), torn), { maxLength: 3 }),
      around,
    )
    fc.assert(
      fc.property(texts, cuts, ([secret, pick, tears, after], places) => {
        const forms = [...formsOf(secret)]
        let text = forms[pick % forms.length] ?? ''
        for (const [place, tear] of tears) {
          const at = place % text.length
          text = text.slice(0, at) + tear + text.slice(at)
        }
        const redactor = redactorOf(secret)
        expect(inPieces(redactor, text + after, places)).toBe(redactor.text(text + after))
      }),
      { numRuns: 500 },
    )
  })

  test('is masked like the whole as bytes, cut in the middle of characters', async () => {
    await fc.assert(
      fc.asyncProperty(planted, cuts, async ({ secret, form, text }, places) => {
        const redactor = redactorOf(secret)
        const whole = redactor.bytes(Buffer.from(text))
        expect(whole.includes(Buffer.from(form))).toBe(false)
        expect((await throughStream(redactor, piecesOf(Buffer.from(text), places))).equals(whole)).toBe(true)
      }),
    )
  })

  test('comes out letter by letter as it was when nothing in it is a whole form', () => {
    const secret = 'pa"ss w\\ord/é+%'
    const redactor = redactorOf(secret)
    const beginnings = [...formsOf(secret)].flatMap((form) => [form.slice(0, 3), form.slice(0, 7)])
    const pieces = fc.array(fc.oneof(fc.constantFrom(...beginnings), fc.string({ maxLength: 5 })), { maxLength: 20 })
    fc.assert(
      fc.property(pieces, cuts, (all, places) => {
        const text = all.map((piece) => `${piece}~`).join('')
        expect(inPieces(redactor, text, places)).toBe(text)
      }),
    )
  })

  test('comes out byte by byte as it was, whatever the bytes', async () => {
    const redactor = redactorOf('correct horse', 'battery "staple"')
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), cuts, async (bytes, places) => {
        expect(await throughStream(redactor, piecesOf(Buffer.from(bytes), places))).toEqual(Buffer.from(bytes))
      }),
    )
  })

  test('overlapping and touching values are masked together, as a slow look at every place says', () => {
    const few = (minLength: number, maxLength: number) =>
      fc.string({ unit: fc.constantFrom('a', 'b'), minLength, maxLength })
    fc.assert(
      fc.property(fc.array(few(4, 7), { minLength: 1, maxLength: 3 }), few(0, 60), cuts, (values, text, places) => {
        const covered = [...text].map((_, place) =>
          values.some((each) =>
            [...each].some((_, before) => place >= before && text.startsWith(each, place - before)),
          ),
        )
        const expected = [...text].map((char, place) => (covered[place] ? '\0' : char)).join('')
        const redactor = redactorOf(...values)
        expect(redactor.text(text)).toBe(expected.replaceAll(/\0+/g, '***'))
        expect(inPieces(redactor, text, places)).toBe(redactor.text(text))
      }),
      { numRuns: 500 },
    )
  })

  test('holds back no more than what may become a secret', () => {
    const chunker = redactorOf('correct horse').chunker()
    expect(chunker.push('a word, then a co')).toBe('a word, then a ')
    expect(chunker.holding).toBe(true)
    expect(chunker.push('w\nPassword: ')).toBe('cow\nPassword: ')
    expect(chunker.holding).toBe(false)
    expect(chunker.push('the correct hors')).toBe('the ')
    expect(chunker.push('e')).toBe('***')
    expect(chunker.push(' and c')).toBe(' and ')
    expect(chunker.flush()).toBe('c')
  })

  test('a value learned on the way counts from then on, also for what is held back', () => {
    const redactor = redactorOf('correct horse')
    const chunker = redactor.chunker()
    expect(chunker.push('battery staple, corr')).toBe('battery staple, ')
    redactor.learn('corral gate')
    redactor.learn('battery staple')
    expect(chunker.push('al gate, battery sta') + chunker.push('ple')).toBe('***, ***')
  })

  test('a multi-byte character cut by a border survives', async () => {
    const redactor = redactorOf('geheim😀nis')
    const text = Buffer.from('é 😀 geheim😀nis ü')
    expect(
      (
        await throughStream(
          redactor,
          [...text].map((byte) => Buffer.of(byte)),
        )
      ).toString(),
    ).toBe('é 😀 *** ü')
  })
})

describe('learning', () => {
  test('a value of fewer than four letters is not filtered, and says so', () => {
    const redactor = new Redactor()
    expect(redactor.learn('abc')).toBe(false)
    expect(redactor.learn(' abc\n')).toBe(false)
    expect(redactor.learn('')).toBe(false)
    expect(redactor.text('abcabc')).toBe('abcabc')
    expect(redactor.values()).toEqual([])
  })

  test('the blanks and line ends around a value do not count', () => {
    const redactor = redactorOf('correct horse\n')
    expect(redactor.text('"correct horse"')).toBe('"***"')
    expect(redactor.values()).toEqual(['correct horse'])
  })

  test('each new value is told once, until nobody listens any more', () => {
    const redactor = new Redactor()
    const told: string[] = []
    const stop = redactor.onLearn((secret) => told.push(secret))
    for (const each of ['correct horse', 'correct horse', ' correct horse ', 'battery'])
      expect(redactor.learn(each)).toBe(true)
    stop()
    redactor.learn('staple')
    expect(told).toEqual(['correct horse', 'battery'])
    expect(redactor.values()).toEqual(['correct horse', 'battery', 'staple'])
  })
})

describe('values that are hard to mask', () => {
  test.each([
    ['the letters of regular expressions', ['.*[a-z]+(x|y)$^'], 'is .*[a-z]+(x|y)$^, not abc', 'is ***, not abc'],
    ['the letters of replacements', ["$&$1$'$$"], "is $&$1$'$$.", 'is ***.'],
    ['one is the beginning of another', ['horse', 'horses mouth'], 'horse, horses, horses mouth', '***, ***s, ***'],
    ['one stands in another', ['orse mo', 'horses mouth'], 'the horses mouth', 'the ***'],
    ['it overlaps itself', ['aaaa'], 'aaaaaa aaa', '*** aaa'],
    ['one follows another', ['correct', 'horse'], 'correcthorse correct horse', '*** *** ***'],
    ['the letters of an object', ['__proto__', 'constructor'], '__proto__ constructor', '*** ***'],
  ])('%s', (_name, values, text, expected) => {
    expect(redactorOf(...values).text(text)).toBe(expected)
  })
})

describe('what programs do to a text', () => {
  const secret = 'S3cr3t-Value.With/Forty+Letters=And&More!!'

  test.each([
    ['an assertion', (cut: string) => `expected '${cut}…' to be 'x'`, "expected '***…' to be 'x'"],
    ['an inspection', (cut: string) => `{ a: '${cut}'... 5 more characters }`, "{ a: '***'... 5 more characters }"],
    ['the end of the text', (cut: string) => `password=${cut}`, 'password=***'],
  ])('%s cuts a value off: what is left of it is masked', (_name, cutOff, expected) => {
    const redactor = redactorOf(secret)
    for (let length = 12; length < secret.length; length++) {
      const text = cutOff(secret.slice(0, length))
      expect(redactor.text(text)).toBe(expected)
      expect(redactor.bytes(Buffer.from(text)).toString()).toBe(expected)
      for (let place = 0; place < text.length; place++) expect(inPieces(redactor, text, [place])).toBe(expected)
    }
  })

  test('the same beginning with something else after it stays', () => {
    const text = `${secret.slice(0, 20)} and ${secret.slice(0, 30)}!`
    expect(redactorOf(secret).text(text)).toBe(text)
  })

  test.each([
    ['as they are', (text: string) => text],
    ['in JSON', (text: string) => JSON.stringify(text)],
    ['in JSON in JSON', (text: string) => JSON.stringify(JSON.stringify(text))],
  ])('colours within a value, %s, do not hide it, and what is coloured after it stays so', (_name, written) => {
    const redactor = redactorOf('correct horse')
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 13 }), { maxLength: 3 }), cuts, (places, pieces) => {
        const coloured = [...'correct horse', ''].map((char, place) =>
          places.includes(place) ? `\x1b[7m${char}` : char,
        )
        const text = written(`\x1b[31m- ${coloured.join('')}\x1b[39m "x"`)
        const masked = redactor.text(text)
        const codes = /(?:\p{Cc}|\\+u001b)\[\d+m/gu
        expect(masked.replaceAll(codes, '')).toBe(written('- *** "x"'))
        expect(masked.match(codes)).toEqual(text.match(codes))
        expect(inPieces(redactor, text, pieces)).toBe(masked)
      }),
    )
  })

  test('UTF-16, as some programs write it, is seen in bytes', () => {
    const bytes = Buffer.from('is correct horse.', 'utf16le')
    expect(redactorOf('correct horse').bytes(bytes).includes(Buffer.from('horse', 'utf16le'))).toBe(false)
  })
})

test('what has no secret in it is handed back as it is', () => {
  const redactor = redactorOf('correct horse')
  const bytes = Buffer.from('nothing')
  expect(redactor.bytes(bytes)).toBe(bytes)
  expect(redactor.text('nothing')).toBe('nothing')
})
