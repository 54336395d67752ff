import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadSettings, type Settings, SettingsError } from '@cc-ci/harness'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { exitCodeOfResults } from './reconcile.ts'
import { sharedAppSpecs } from './shared-apps.ts'
import { SuiteNotRunError, suiteGate, suiteOf } from './suite-gate.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cc-ci-shared-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const settings = (sharedApps: string): Promise<Settings> =>
  loadSettings({
    env: { CCCI_STATE_DIR: join(root, 'state'), CCCI_BASE_DOMAIN: 'ci.example.org', CCCI_SHARED_APPS: sharedApps },
    cwd: root,
  })

/** The suite of a recipe, with these options. */
function suite(recipe: string, options: string): void {
  const folder = join(root, 'packages', 'recipes', recipe)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'recipe.ts'), `export default ${options}`)
}

describe('the shared apps of the settings', () => {
  test('are named with whether they keep data, which they do unless it is said', async () => {
    const own = await settings('keycloak, traefik:stateless  n8n:stateful')
    expect(own.sharedApps).toEqual([
      { recipe: 'keycloak', stateful: true },
      { recipe: 'traefik', stateful: false },
      { recipe: 'n8n', stateful: true },
    ])
  })

  test.for(['keycloak:half', '../keycloak', 'a;b'])('cannot be called %s', async (text) => {
    await expect(settings(text)).rejects.toThrow(SettingsError)
  })

  test('have their domains, and what their suites say of them', async () => {
    suite('n8n', `{ health: { path: '/healthz' }, env: (domain) => ({ HOST: domain }), timeouts: { deploy: 900 } }`)
    expect(await sharedAppSpecs(root, await settings('keycloak n8n traefik:stateless'), [])).toMatchObject([
      { domain: 'warm-keycloak.ci.example.org', stateful: true, health: { path: '/realms/master', statuses: [200] } },
      { health: { path: '/healthz' }, env: { HOST: 'warm-n8n.ci.example.org' }, timeouts: { deploy: 900 } },
      { stateful: false, health: { path: '/', statuses: [200, 301, 302] } },
    ])
  })

  test('are taken by name; of a wrong one the nearest is told', async () => {
    const own = await settings('keycloak traefik:stateless')
    expect((await sharedAppSpecs(root, own, ['traefik'])).map(({ recipe }) => recipe)).toEqual(['traefik'])
    await expect(sharedAppSpecs(root, own, ['keyclaok'])).rejects.toThrow(
      /no shared app "keyclaok"[\s\S]*nearest is "keycloak"/,
    )
    await expect(sharedAppSpecs(root, await settings(''), [])).rejects.toThrow(/No shared app is set/)
  })
})

test.for([
  [['current', 'upgraded', 'deployed', 'revived', 'would upgrade'], 0],
  [['current', 'held'], 4],
  [['held', 'rolled back', 'current'], 1],
  [['rolled back', 'failed', 'held'], 3],
  [[], 0],
] as const)('%s ends with exit code %i', ([outcomes, code]) => {
  expect(exitCodeOfResults(outcomes.map((outcome) => ({ outcome })))).toBe(code)
})

describe('the tests of a shared app', () => {
  test('are those of its suite, or the generic ones', () => {
    suite('n8n', '{}')
    expect([suiteOf(root, 'n8n'), suiteOf(root, 'traefik')]).toEqual(['n8n', 'generic'])
  })

  test.for([
    ['there is no runner', undefined],
    ['the runner says nothing', 'process.exit(0)'],
    ['no test has run', report([])],
    ['all were skipped', report([{ fullName: 'a', status: 'skipped' }])],
    ['a file throws before its tests', report([{ fullName: 'a', status: 'passed' }], 'Error: cannot be loaded')],
  ])('say nothing of it when %s', async ([, script]) => {
    runner(script)
    await expect(ask(await settings(''))).rejects.toThrow(SuiteNotRunError)
  })

  test('find it well when one has passed and none failed', async () => {
    runner(
      report([
        { fullName: 'a', status: 'passed' },
        { fullName: 'b', status: 'skipped' },
      ]),
    )
    expect(await ask(await settings(''))).toEqual({ healthy: true, text: '1 tests of "generic" passed.' })
  })

  test('find it ailing when one fails, and say which', async () => {
    const failed = { fullName: 'lets me in', status: 'failed', failureMessages: ['expected 200, got 500'] }
    runner(`${report([{ fullName: 'a', status: 'passed' }, failed])}; process.exitCode = 1`)
    const verdict = await ask(await settings(''))
    expect(verdict.healthy).toBe(false)
    expect(verdict.text).toContain('lets me in\nexpected 200, got 500')
  })
})

/** A stand-in for the runner that leaves this report. */
function report(assertionResults: object[], message = ''): string {
  const json = JSON.stringify({ testResults: [{ message, assertionResults }] })
  return `
    import { writeFileSync } from 'node:fs'
    const file = process.argv.find((one) => one.startsWith('--outputFile='))
    writeFileSync(file.slice('--outputFile='.length), ${JSON.stringify(json)})`
}

function runner(script: string | undefined): void {
  const folder = join(root, 'node_modules', 'vitest')
  mkdirSync(folder, { recursive: true })
  if (script !== undefined) writeFileSync(join(folder, 'vitest.mjs'), script)
}

async function ask(own: Settings) {
  const compose = { services: {}, volumes: {}, networks: {}, secrets: {}, configs: {} }
  const deployed = { version: '1.0.0+1', commit: 'c0ffee', env: {}, compose: compose as never }
  const domain = 'warm-traefik.ci.example.org'
  return await suiteGate(root, own)({ recipe: 'traefik', domain, url: `https://${domain}`, stack: 's', deployed })
}
