import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { redactTree } from './files.ts'
import { Redactor } from './redactor.ts'
import { findSecret } from './search.ts'
import { GUARD, testFolder } from './test-folder.ts'

const REPOSITORY = join(import.meta.dirname, '../../../..')

const ENV = { NO_COLOR: undefined, FORCE_COLOR: '1', CI: undefined, NODE_OPTIONS: undefined }

/** Made anew for each run, and so in no source file that a runner might quote. */
const planted = () => `${randomBytes(20).toString('hex')} "${randomBytes(6).toString('base64')}' $& <é>`

/** Where any part of the value can be found that would be of use to somebody. */
function leaks(folder: string, output: string, value: string): string[] {
  rmSync(join(folder, 'node_modules'), { force: true })
  const parts = value.slice(0, 40).match(/.{12}/g) ?? []
  return [
    ...findSecret(folder, value),
    ...parts.flatMap((part) => findSecret(folder, part)),
    ...parts.filter((part) => output.includes(part)).map(() => 'output'),
  ]
}

/** Runs a real runner, with the value planted in its environment. */
async function ran([program = '', ...args]: string[], folder: string, value: string) {
  const { all } = await execa(process.execPath, [join(REPOSITORY, 'node_modules', program), ...args], {
    cwd: folder,
    env: { ...ENV, PLANTED: value },
    all: true,
    reject: false,
    stdin: 'ignore',
  })
  return { all, report: readFileSync(join(folder, 'report.json'), 'utf8') }
}

const VITEST = `
import { aroundAll, afterAll, describe, expect, test } from 'vitest'
import { learn } from './guard.ts'

const secret = process.env.PLANTED
learn(secret)

test('console', async ({ annotate }) => {
  console.log('log', secret, { secret })
  console.error(new Error(secret))
  process.stdout.write(secret.slice(0, 5))
  process.stdout.write(secret.slice(5) + '\\n')
  await annotate(secret)
})
test('thrown', () => {
  throw Object.assign(new Error('thrown ' + secret, { cause: secret }), { extra: { secret } })
})
test('diff', () => expect({ user: 'me', password: secret }).toEqual({ user: 'me', password: secret + 'x' }))
test('diff of texts', () => expect(secret).toBe(secret.slice(0, 9) + 'other' + secret.slice(-9)))
test('message', () => expect([secret.repeat(5)]).toContain('x'))
test.each([secret])('named %s', () => {})
test('skipped', ({ skip }) => skip(secret))
test('rejected', () => { void Promise.reject(new Error('rejected ' + secret)) })
describe('hooks', () => {
  afterAll(() => { throw new Error('afterAll ' + secret) })
  test('passes', () => {})
})
aroundAll(async (run) => {
  await run()
  console.log('after all', Buffer.from('me:' + secret).toString('base64'))
  throw new Error('aroundAll ' + encodeURIComponent(secret))
})
`

async function vitest(guard: string) {
  const value = planted()
  using made = testFolder({
    'guard.ts': guard,
    'suite.test.ts': VITEST,
    'vitest.config.ts': `export default { test: { pool: 'forks', setupFiles: ['./guard.ts'],
      reporters: ['verbose', ['json', { outputFile: 'report.json' }], ['junit', { outputFile: 'junit.xml' }]] } }`,
  })
  const { all, report } = await ran(['vitest/vitest.mjs', 'run'], made.folder, value)
  return { all, report, found: leaks(made.folder, all, value) }
}

test("no secret that a worker of Vitest knows reaches Vitest's main process", { timeout: 60_000 }, async () => {
  const { all, report, found } = await vitest(`${GUARD}export const learn = (value) => redactor.learn(value)`)
  expect(found).toEqual([])
  for (const text of [
    'thrown ***',
    'afterAll ***',
    'aroundAll ***',
    'rejected ***',
    'named ***',
    'log ***',
    'bWU6***',
  ]) {
    expect(all).toContain(text)
  }
  expect(JSON.parse(report)).toMatchObject({ numTotalTests: 9, numFailedTests: 4, numPassedTests: 4 })
  const open = await vitest('export const learn = () => {}')
  expect([...new Set(open.found)].sort()).toEqual(['junit.xml', 'output', 'report.json'])
})

const PLAYWRIGHT = `
import { expect, test } from '@playwright/test'
import { learn } from './guard'

const secret = process.env.PLANTED
learn(secret)

test('console', async ({}, info) => {
  console.log('log', secret, { secret })
  process.stdout.write(secret.slice(0, 5))
  process.stdout.write(secret.slice(5) + '\\n')
  process.stdout.write(Buffer.from(secret + '\\n'))
  console.error(new Error(secret))
  info.annotations.push({ type: 'note', description: secret })
  await info.attach('text', { body: secret })
  await test.step('step ' + secret, () => {})
})
test('thrown', () => { throw new Error('thrown ' + secret, { cause: new Error(secret) }) })
test('diff', () => expect({ password: secret }).toEqual({ password: secret + 'x' }))
test('diff of texts', () => expect(secret).toBe(secret.slice(0, 9) + 'other' + secret.slice(-9)))
test.afterAll(() => { throw new Error('afterAll ' + secret) })
`

async function playwright(guard: string) {
  const value = planted()
  using made = testFolder({
    'guard.ts': guard,
    'suite.spec.ts': PLAYWRIGHT,
    'package.json': '{ "type": "module" }',
    'playwright.config.ts': `export default { outputDir: 'results', workers: 1, use: { trace: 'on' },
      reporter: [['list'], ['json', { outputFile: 'report.json' }], ['junit', { outputFile: 'junit.xml' }]] }`,
  })
  const { all, report } = await ran(['@playwright/test/cli.js', 'test'], made.folder, value)
  const found = leaks(made.folder, all, value)
  const redactor = new Redactor()
  redactor.learn(value)
  const replaced = redactTree(join(made.folder, 'results'), redactor)
  return { all, report, found, replaced, after: leaks(made.folder, all, value) }
}

test("of Playwright's worker only its own files hold what it knows, and those can be redacted", {
  timeout: 60_000,
}, async () => {
  const { all, report, found, replaced, after } = await playwright(
    `${GUARD}export const learn = (value) => redactor.learn(value)`,
  )
  for (const text of ['thrown ***', 'afterAll ***', 'log ***']) expect(all).toContain(text)
  expect(JSON.parse(report)).toMatchObject({ stats: { expected: 1, unexpected: 3 } })
  expect(found.filter((path) => !path.startsWith('results/'))).toEqual([])
  expect(found.some((path) => path.endsWith('trace.zip/test.trace'))).toBe(true)
  expect(replaced.some((path) => path.endsWith('trace.zip'))).toBe(true)
  expect(after).toEqual([])
  const open = await playwright('export const learn = () => {}')
  expect(open.after).toEqual(expect.arrayContaining(['junit.xml', 'output', 'report.json']))
})
