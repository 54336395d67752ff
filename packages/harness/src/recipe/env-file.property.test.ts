import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { editEnv, parseEnv } from './env-file.ts'

const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,5}$/)

/** What somebody may want to write: anything at all, and what is hard to quote. */
const value = fc.oneof(
  fc.string(),
  fc.string({ unit: fc.constantFrom(...'\'"\\$#{}` \t\n\raA=:') }),
  fc.string({ unit: 'binary' }),
)
const changes = fc.dictionary(name, value, { maxKeys: 6 })

/** Any text, most of it nearly an `.env` file. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.constantFrom('A', 'B', '=', '"', "'", '#', ' ', '\n', '\r\n', '\\', '$', '{', '}', 'export ', 'x', ':'))
    .map((parts) => parts.join('')),
)

/** A line as people write it, with what it means. */
interface Line {
  text: string
  key?: string
  value?: string
  comment?: string
}

const plain = fc.stringMatching(/^[A-Za-z0-9_.,:;/@%+=~^-]{0,8}$/)
/** Text for a comment: of one line, and without blanks round it. */
const words = fc.stringMatching(/^[a-z=0-9"'$]{1,6}( [a-z=0-9"'$]{1,6}){0,2}$/)

const written = fc.oneof(
  plain.map((text) => ({ text, value: text })),
  fc.stringMatching(/^[^'\r\n]{0,8}$/).map((text) => ({ text: `'${text}'`, value: text })),
  fc.string({ unit: fc.constantFrom(...'a "\\$`#\'=') }).map((text) => ({
    text: `"${text.replace(/[\\"$`]/g, (character) => `\\${character}`)}"`,
    value: text,
  })),
)

const assignment: fc.Arbitrary<Line> = fc
  .record({
    key: name,
    before: fc.constantFrom('', 'export ', ' '),
    written,
    comment: fc.option(words, { nil: undefined }),
    gap: fc.constantFrom(' # ', ' #', '\t# '),
  })
  .map(({ key, before, written: { text, value: means }, comment, gap }) => ({
    text: `${before}${key}=${text}${comment === undefined ? '' : gap + comment}`,
    key,
    value: means,
    ...(comment === undefined ? {} : { comment }),
  }))

const other: fc.Arbitrary<Line> = fc.oneof(
  fc.constant({ text: '' }),
  words.map((text) => ({ text: `# ${text}` })),
  fc.tuple(name, plain).map(([key, text]) => ({ text: `#${key}=${text}` })),
)

const file = fc
  .record({
    lines: fc.array(fc.oneof({ weight: 3, arbitrary: assignment }, other)),
    end: fc.constantFrom('\n', '\r\n'),
    finalEnd: fc.boolean(),
  })
  .map(({ lines, end, finalEnd }) => {
    const text = lines.map((line) => line.text).join(end) + (finalEnd ? end : '')
    return { text, end, lines, assigned: lines.filter((line) => line.key !== undefined) }
  })

describe('an .env file', () => {
  test('is read as it is meant, in whatever way it is written', () => {
    fc.assert(
      fc.property(file, ({ text, assigned }) => {
        expect(parseEnv(text).lines).toEqual(assigned.map(({ key, value, comment }) => ({ key, value, comment })))
      }),
      { numRuns: 500 },
    )
  })

  test('that is anything at all can be read', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(Object.values(parseEnv(text).values).every((each) => typeof each === 'string')).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})

describe('editing an .env file', () => {
  test('gives back exactly what was written, whatever stood there before', () => {
    fc.assert(
      fc.property(changes, anyText, (wanted, text) => {
        const read = parseEnv(editEnv(text, wanted)).values
        for (const [key, expected] of Object.entries(wanted)) expect([key, read[key]]).toEqual([key, expected])
      }),
      { numRuns: 1000 },
    )
  })

  test('leaves every other line as it was, to the letter, and every comment', () => {
    fc.assert(
      fc.property(file, changes, ({ text, end, lines, assigned }, wanted) => {
        const edited = editEnv(text, wanted)
        const kept = lines.filter(({ key }) => key === undefined || !Object.hasOwn(wanted, key))
        // What was edited may span lines, and what is new comes last.
        let rest = edited
        for (const line of kept.filter((each) => each.text !== '')) {
          expect(rest).toContain(line.text)
          rest = rest.slice(rest.indexOf(line.text) + line.text.length)
        }
        const before = assigned.map(({ key, comment }) => [key, comment])
        const after = parseEnv(edited).lines.map(({ key, comment }) => [key, comment])
        expect(after.slice(0, before.length)).toEqual(before)
        const own = { ...Object.fromEntries(assigned.map((line) => [line.key, line.value])), ...wanted }
        expect(parseEnv(edited).values).toEqual(own)
        if (end === '\r\n' && lines.length > 1) expect(edited.replaceAll('\r\n', '')).not.toContain('\n')
      }),
      { numRuns: 500 },
    )
  })

  test('changes nothing when there is nothing to change, and nothing more the second time', () => {
    fc.assert(
      fc.property(anyText, changes, (text, wanted) => {
        expect(editEnv(text, {})).toBe(text)
        const once = editEnv(text, wanted)
        expect(editEnv(once, wanted)).toBe(once)
      }),
      { numRuns: 1000 },
    )
  })
})
