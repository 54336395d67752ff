import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isNewComment, isSigned } from './webhook.ts'

const SECRET = 'the-secret-of-this-hook'
const bytes = (text: string) => new TextEncoder().encode(text)
const sign = (body: Uint8Array, secret = SECRET) => createHmac('sha256', secret).update(body).digest('hex')

test('a body is signed by the secret, by no other, and as it is', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), fc.string(), (body, other, secret) => {
      expect(isSigned(body, sign(body), SECRET)).toBe(true)
      expect(isSigned(body, sign(body).toUpperCase(), SECRET)).toBe(true)
      if (Buffer.compare(body, other) !== 0) expect(isSigned(other, sign(body), SECRET)).toBe(false)
      if (secret !== SECRET) expect(isSigned(body, sign(body, secret), SECRET)).toBe(false)
    }),
  )
})

test.each([undefined, '', 'x', '0'.repeat(64), '0'.repeat(63), '0'.repeat(128), 'sha256=0', 'é'.repeat(64)])(
  'the signature %j is none',
  (signature) => {
    expect(isSigned(bytes('{}'), signature, SECRET)).toBe(false)
  },
)

const payload = (change: object = {}) =>
  bytes(
    JSON.stringify({
      action: 'created',
      is_pull: true,
      comment: { user: { login: 'member' }, body: '!testme' },
      sender: { login: 'member' },
      ...change,
    }),
  )

test('a new comment on a pull request is worth a look', () => {
  expect(isNewComment('issue_comment', payload(), 'cc-ci')).toBe(true)
})

test.each([
  ['an edited one', payload({ action: 'edited' })],
  ['a deleted one', payload({ action: 'deleted' })],
  ['one on an issue', payload({ is_pull: false })],
  ['one that somebody else sends', payload({ sender: { login: 'admin' } })],
  ['one of the bridge', payload({ sender: { login: 'CC-CI' }, comment: { user: { login: 'CC-CI' } } })],
  ['something else', bytes('[]')],
  ['no JSON', bytes('{')],
  ['nothing', bytes('')],
])('%s is not', (_, body) => {
  expect(isNewComment('issue_comment', body, 'cc-ci')).toBe(false)
})

test('nor is another event', () => {
  expect(isNewComment('push', payload(), 'cc-ci')).toBe(false)
  expect(isNewComment(undefined, payload(), 'cc-ci')).toBe(false)
})
