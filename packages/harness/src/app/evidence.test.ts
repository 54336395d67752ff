import { expect, test } from 'vitest'
import { maskEnv } from './evidence.ts'

test('variables that sound like secrets lose their values, versions of secrets do not', () => {
  const text =
    'DOMAIN=x.example\nSMTP_PASSWORD=hidden\nSECRET_DB_PASSWORD_VERSION=v1 # length=20\nAPI_KEY="hidden"\n#TOKEN=\n'
  expect(maskEnv(text)).toBe(
    'DOMAIN=x.example\nSMTP_PASSWORD=***\nSECRET_DB_PASSWORD_VERSION=v1 # length=20\nAPI_KEY=***\n#TOKEN=\n',
  )
})
