import { expect, test } from 'vitest'
import { mask, maskEnv } from './evidence.ts'

test('every value that must not be written is masked, wherever it stands', () => {
  expect(mask('user:s3cret@db and s3cret', ['s3cret', ''])).toBe('user:***@db and ***')
})

test('a longer secret is masked whole although a shorter one is part of it', () => {
  expect(mask('abcdef abc', ['abc', 'abcdef'])).toBe('*** ***')
})

test('variables that sound like secrets lose their values, versions of secrets do not', () => {
  const text =
    'DOMAIN=x.example\nSMTP_PASSWORD=hidden\nSECRET_DB_PASSWORD_VERSION=v1 # length=20\nAPI_KEY="hidden"\n#TOKEN=\n'
  expect(maskEnv(text)).toBe(
    'DOMAIN=x.example\nSMTP_PASSWORD=***\nSECRET_DB_PASSWORD_VERSION=v1 # length=20\nAPI_KEY=***\n#TOKEN=\n',
  )
})
