import { AssertionError } from 'node:assert'
import { deserialize, serialize } from 'node:v8'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Redactor } from './redactor.ts'

const redactor = new Redactor()
redactor.learn('correct horse')

test('strings everywhere in plain data, keys too', () => {
  const data = {
    a: ['correct horse', 1, null, undefined, { 'is correct horse': true }],
    map: new Map<unknown, unknown>([['correct horse', new Set(['correct horse', 2])]]),
    base64: Buffer.from('me:correct horse').toString('base64'),
  }
  expect(redactor.deep(data)).toEqual({
    a: ['***', 1, null, undefined, { 'is ***': true }],
    map: new Map<unknown, unknown>([['***', new Set(['***', 2])]]),
    base64: 'bWU6***',
  })
  expect(data.a[0]).toBe('correct horse')
})

test('keys that become equal are all kept', () => {
  redactor.learn('battery staple')
  expect(redactor.deep({ 'correct horse': 1, 'battery staple': 2 })).toEqual({ '***': 1, '****': 2 })
})

test('what has no secret in it is the same object, whatever it is', () => {
  fc.assert(
    fc.property(fc.anything({ withDate: true, withMap: true, withSet: true, withTypedArray: true }), (data) => {
      expect(redactor.deep(data)).toBe(data)
    }),
  )
})

test('beside a secret, everything else stays as it is', () => {
  const anything = fc.anything({ withDate: true, withMap: true, withSet: true, withTypedArray: true, withBigInt: true })
  fc.assert(
    fc.property(anything, (data) => {
      expect(redactor.deep({ data, secret: 'correct horse' })).toEqual({ data, secret: '***' })
    }),
  )
})

test('cycles are kept', () => {
  const data: Record<string, unknown> = { secret: 'correct horse' }
  data.self = data
  data.list = [data]
  const clean = redactor.deep(data)
  expect(clean).toMatchObject({ secret: '***' })
  expect(clean.self).toBe(clean)
  expect(clean.list).toEqual([clean])
  data.secret = 'nothing'
  expect(redactor.deep(data)).toBe(data)
})

test('bytes stay the kind of bytes they were', () => {
  const bytes = Buffer.from('is correct horse')
  const clean = redactor.deep({ buffer: bytes, array: new Uint8Array(bytes), raw: new Uint8Array(bytes).buffer })
  expect(clean.buffer).toEqual(Buffer.from('is ***'))
  expect(clean.array).toEqual(new Uint8Array(Buffer.from('is ***')))
  expect(Buffer.isBuffer(clean.array)).toBe(false)
  expect(clean.raw).toBeInstanceOf(ArrayBuffer)
  expect(Buffer.from(clean.raw).toString()).toBe('is ***')
})

describe('errors', () => {
  const failure = () => {
    const cause = new AssertionError({ actual: 'correct horse', expected: 'x', operator: 'strictEqual' })
    return Object.assign(new TypeError('is correct horse', { cause }), { diff: '- correct horse', code: 7 })
  }

  test('message, stack, cause and all that was added, and it stays an error of its class', () => {
    const clean = redactor.deep(failure())
    expect(clean).toBeInstanceOf(TypeError)
    expect(clean).toMatchObject({ name: 'TypeError', message: 'is ***', diff: '- ***', code: 7 })
    expect(clean.stack).toMatch(/^TypeError: is \*\*\*\n +at /)
    expect(clean.cause).toBeInstanceOf(AssertionError)
    expect(clean.cause).toMatchObject({ actual: '***', expected: 'x' })
  })

  test('it can still be sent to another process as an error', () => {
    const sent = deserialize(serialize(redactor.deep(failure()))) as Error
    expect(sent).toBeInstanceOf(TypeError)
    expect(sent.message).toBe('is ***')
    expect(sent.stack).not.toContain('correct horse')
  })

  test('errors within an error', () => {
    const clean = redactor.deep(new AggregateError([new Error('correct horse')], 'two'))
    expect((clean.errors as Error[])[0]?.message).toBe('***')
  })
})

test('an object that says itself what it is in JSON is asked', () => {
  const clean = redactor.deep({ url: new URL('https://me:correct%20horse@example.org/'), at: new Date(0) })
  expect(JSON.stringify(clean)).toBe('{"url":"https://me:***@example.org/","at":"1970-01-01T00:00:00.000Z"}')
})

test('a field that throws when it is read is left out of the copy', () => {
  const data = {
    secret: 'correct horse',
    get broken(): string {
      throw new Error('no')
    },
  }
  expect(Object.entries(redactor.deep(data))).toEqual([['secret', '***']])
})
