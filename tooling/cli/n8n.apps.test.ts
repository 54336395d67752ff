import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestHost } from './test-host.ts'
import { WHOLE_RUN_MS, wholeRun } from './whole-run.ts'

let host: TestHost
beforeAll(async () => {
  host = await TestHost.open()
})
afterAll(() => host[Symbol.dispose]())

test('a whole run of n8n, which is backed up by its files, is green with its level', {
  timeout: WHOLE_RUN_MS,
}, async () => {
  const record = await wholeRun(host, 'n8n')
  expect(record?.upgrades).toMatchObject([{ from: '3.2.0+2.41.1', to: '3.2.1+2.41.1', completed: true }])
  // The database, what it has not taken in yet, the key that encrypts credentials, and more.
  const saved = record?.steps.map(({ text }) => /^backed up (\d+) files, /.exec(text)?.[1]).find(Boolean)
  expect(Number(saved)).toBeGreaterThan(3)
})
