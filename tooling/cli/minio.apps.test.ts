import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestHost } from './test-host.ts'
import { WHOLE_RUN_MS, wholeRun } from './whole-run.ts'

let host: TestHost
beforeAll(async () => {
  host = await TestHost.open()
})
afterAll(() => host[Symbol.dispose]())

test('a whole run of MinIO with a job for its bucket is green with its level', { timeout: WHOLE_RUN_MS }, async () => {
  const record = await wholeRun(host, 'minio')
  expect(record?.customisation).toMatchObject({ ready: '(function)' })
})
