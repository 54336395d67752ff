import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { outcomesOf, run, warmKeycloakDomain } from '@cc-ci/harness'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestHost } from './test-host.ts'

// The suite of the recipe keycloak, on the real one: a run of its own, and attached to the warm one.

let host: TestHost
beforeAll(async () => {
  host = await TestHost.open()
})
afterAll(() => host[Symbol.dispose]())

test('a whole run is green with its level, and leaves nothing', { timeout: 900_000 }, async () => {
  const subject = host.subject('keycloak')
  const { exitCode, all, record } = await host.cli(['run', 'keycloak', '--pr', subject.pr])
  expect(exitCode, all).toBe(0)
  expect(outcomesOf(record?.stages ?? [])).toEqual({
    install: 'pass',
    upgrade: 'pass',
    backup: 'pass',
    custom: 'pass',
    'recipe-local': 'not applicable',
    lint: 'pass',
  })
  expect(record).toMatchObject({
    verdict: 'green',
    level: 5,
    plan: 'full',
    deployments: { counted: 3, planned: 3 },
    unproven: [],
    teardown: { clean: true, left: [] },
  })
  // What was saved is the dump that the hook has written, and no other file of the database.
  expect(record?.steps.map(({ text }) => text)).toContainEqual(expect.stringMatching(/^backed up 1 files, /))
  expect(await host.leftOf(subject, record?.id ?? '')).toEqual([])
})

test('the tests of the stage install pass on the warm Keycloak, to which they attach', async () => {
  const domain = warmKeycloakDomain(host.settings.baseDomain)
  const report = join(host.stateDir, 'attached.json')
  const vitest = join(import.meta.dirname, '../../node_modules/vitest/vitest.mjs')
  await run(process.execPath, [vitest, 'run', '--project=keycloak', '--reporter=json', `--outputFile=${report}`], {
    env: { CCCI_BASE_URL: `https://${domain}`, CCCI_APP_DOMAIN: domain },
    timeoutMs: 170_000,
  })
  const seen = JSON.parse(readFileSync(report, 'utf8')) as Record<string, unknown>
  expect(seen).toMatchObject({ success: true, numPassedTests: 3, numFailedTests: 0 })
})
