import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadSettings } from '@cc-ci/harness'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readHost, recordMade, writeHost } from './host.ts'

let stateDir: string

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'cc-ci-host-'))
})

afterEach(() => rmSync(stateDir, { recursive: true, force: true }))

test('what the dev host writes are settings in force, unless the environment says otherwise', async () => {
  writeHost(stateDir, { settings: { proxyAddress: '127.0.0.1:9443', recipeSources: ['/recipes'] }, made: {} })
  const env = { CCCI_STATE_DIR: stateDir }
  expect(await loadSettings({ env, cwd: stateDir })).toMatchObject({
    proxyAddress: '127.0.0.1:9443',
    recipeSources: ['/recipes'],
  })
  const other = await loadSettings({ env: { ...env, CCCI_PROXY_ADDRESS: '127.0.0.1:1234' }, cwd: stateDir })
  expect(other.proxyAddress).toBe('127.0.0.1:1234')
})

test('what was made is added up, and leaves the settings as they are', () => {
  writeHost(stateDir, { settings: { baseDomain: 'ci.example' }, made: {} })
  recordMade(stateDir, { network: 'proxy' })
  recordMade(stateDir, { swarm: { gateway: true } })
  expect(readHost(stateDir)).toEqual({
    settings: { baseDomain: 'ci.example' },
    made: { network: 'proxy', swarm: { gateway: true } },
  })
})

test('an absent host.json says nothing', () => {
  expect(readHost(stateDir)).toEqual({ settings: {}, made: {} })
})
