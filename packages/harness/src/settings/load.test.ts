import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { hostFile, loadSettings, SettingsError } from './load.ts'
import { SETTINGS } from './schema.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cc-ci-settings-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const load = (env: NodeJS.ProcessEnv = {}) =>
  loadSettings({ env: { CCCI_STATE_DIR: join(folder, 'state'), ...env }, cwd: folder })

function host(content: unknown): void {
  mkdirSync(join(folder, 'state'), { recursive: true })
  writeFileSync(hostFile(join(folder, 'state')), typeof content === 'string' ? content : JSON.stringify(content))
}

const config = (text: string) => writeFileSync(join(folder, 'cc-ci.config.ts'), text)

async function refusal(env: NodeJS.ProcessEnv = {}): Promise<string> {
  const error = await load(env).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(SettingsError)
  return (error as Error).message
}

test('without any, the defaults are in force', async () => {
  expect(await load()).toMatchObject({
    dockerHost: 'unix:///var/run/docker.sock',
    baseDomain: 'ci.localhost',
    proxyNetwork: 'proxy',
    deployTimeout: 600,
    minFreeDisk: 2 * 2 ** 30,
  })
})

test('the environment wins over cc-ci.config.ts, which wins over the dev host', async () => {
  host({ settings: { baseDomain: 'host.example', deployTimeout: 10, httpTimeout: 11 } })
  config("export default { baseDomain: 'config.example', deployTimeout: 20 }")
  expect(await load({ CCCI_BASE_DOMAIN: 'env.example' })).toMatchObject({
    baseDomain: 'env.example',
    deployTimeout: 20,
    httpTimeout: 11,
  })
})

test('text from the environment is converted: seconds, sizes, lists', async () => {
  const env = {
    CCCI_DEPLOY_TIMEOUT: '90',
    CCCI_MIN_FREE_DISK: '500MB',
    CCCI_RECIPE_SOURCES: '/one, /two  https://x/{recipe}.git',
  }
  expect(await load(env)).toMatchObject({
    deployTimeout: 90,
    minFreeDisk: 500 * 2 ** 20,
    recipeSources: ['/one', '/two', 'https://x/{recipe}.git'],
  })
})

test('an empty variable counts as not set', async () => {
  expect((await load({ CCCI_BASE_DOMAIN: '' })).baseDomain).toBe('ci.localhost')
})

test('a bad value names the variable, what it got and what it takes', async () => {
  expect(await refusal({ CCCI_HTTP_TIMEOUT: 'soon' })).toMatchInlineSnapshot(`
    "CCCI_HTTP_TIMEOUT is "soon", which cannot be used.
      to do: It takes seconds, 1 to 86400."
  `)
})

test.each([
  ['CCCI_BASE_DOMAIN', 'Ci.Example', 'lower case'],
  ['CCCI_PROXY_ADDRESS', '8443', 'host:port'],
  ['CCCI_MIN_FREE_DISK', 'plenty', '2GB'],
  ['CCCI_IPVS', 'perhaps', 'auto, yes or no'],
  ['DOCKER_HOST', 'somewhere', 'unix:///'],
  ['CCCI_TEARDOWN_TIMEOUT', '0', '1 to 86400'],
])('%s does not take "%s"', async (variable, value, takes) => {
  const message = await refusal({ [variable]: value })
  expect(message).toContain(`${variable} is "${value}"`)
  expect(message).toContain(takes)
})

test('an unknown key in cc-ci.config.ts is refused with the nearest known one', async () => {
  config("export default { baseDomian: 'x.example' }")
  expect(await refusal()).toMatch(
    /cc-ci\.config\.ts: there is no setting "baseDomian"\.\s+to do: The nearest is "baseDomain"/,
  )
})

test('a bad value in a file names the key and the file', async () => {
  config("export default { ipvs: 'perhaps' }")
  expect(await refusal()).toMatch(/^ipvs in .*cc-ci\.config\.ts is "perhaps"/)
})

test('a configuration that exports nothing usable is refused', async () => {
  config('export default 7')
  expect(await refusal()).toContain('holds 7, not settings')
})

test('a host.json that cannot be read says how to make a new one', async () => {
  host('{ half')
  expect(await refusal()).toMatch(/host\.json cannot be read[\s\S]*npm run dev-host -- up/)
})

test('each setting has a variable of its own', () => {
  const variables = Object.values(SETTINGS).map((setting) => setting.variable)
  expect(new Set(variables).size).toBe(variables.length)
})
