import { expect, test } from 'vitest'
import { secrets } from '../../redact/secrets.ts'
import { learnPrinted } from './secrets.ts'

const NAMES = new Set(['db_password', 'app_example_org_db_password_v1', 'v1'])

test.each([
  ['a list of objects', (value: string) => JSON.stringify([{ name: 'db_password', value }], null, 2)],
  ['a map', (value: string) => JSON.stringify({ app_example_org_db_password_v1: value })],
  ['JSON after other lines', (value: string) => `INFO generating\n${JSON.stringify({ db_password: value })}\n`],
  ['JSON that is cut off', (value: string) => `[{"name": "db_password", "value": "${value}"`],
])('the value that is printed in %s is a secret from then on, and its name is not', (form, printed) => {
  const value = `value-${form.replaceAll(' ', '-')}`
  expect(learnPrinted(printed(value), NAMES)).toBeGreaterThanOrEqual(1)
  expect(secrets.text(`it is ${value}.`)).not.toContain(value)
  expect(secrets.text('the secret db_password of app_example_org_db_password_v1')).toContain('db_password of app_')
})

test('a table holds no value that could be told from a word', () => {
  expect(learnPrinted('db_password │ correct horse battery staple', NAMES)).toBe(0)
})
