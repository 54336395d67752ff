import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import {
  canonicalPlace,
  describeResidue,
  findCanonical,
  leaseFolder,
  loadSettings,
  readPromotions,
  removeStack,
  residueOf,
  run,
} from '@cc-ci/harness'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CliEnd, TestHost } from './test-host.ts'

// Promotion and quick runs through the real command line, on a clone of a sample recipe that ships its enrolment.

const LATEST = '1.2.0+1.22.1'
let host: TestHost
let folder: string
let recipe: string
let name: string

const git = async (...args: string[]): Promise<string> =>
  (await run('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], { cwd: recipe })).stdout.trim()

async function commit(change: Record<string, (text: string) => string>, message: string): Promise<void> {
  for (const [file, edit] of Object.entries(change)) {
    const path = join(recipe, file)
    mkdirSync(dirname(path), { recursive: true })
    const text = readdirSync(dirname(path)).includes(file.split('/').at(-1) ?? '') ? readFileSync(path, 'utf8') : ''
    writeFileSync(path, edit(text))
  }
  await git('add', '--all')
  await git('commit', '--quiet', '-m', message)
}

const version = (to: string) => (text: string) => text.replaceAll('1.1.0+1.22.1', to)
const next = (text: string) => text.replace(/CONF_VERSION=v\d+/g, (found) => `${found}9`)

beforeAll(async () => {
  host = await TestHost.open()
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'ccci-quick-')))
  name = `quick-${randomBytes(3).toString('hex')}`
  recipe = join(folder, name)
  const [source = ''] = (await loadSettings()).recipeSources
  await run('git', ['clone', '--quiet', join(source, 'custom-html'), recipe])
  const options = `import { defineRecipe } from '@cc-ci/fixtures/recipe'\nexport default defineRecipe({ canonical: true, timeouts: { settle: 2 } })\n`
  const files = { 'compose.yml': version(LATEST), 'default.conf.tmpl': version(LATEST), 'abra.sh': next }
  await commit({ ...files, 'tests/cc-ci.recipe.ts': () => options }, `chore: publish ${LATEST} release`)
  await git('tag', '--annotate', LATEST, '-m', 'publish')
})
afterAll(async () => {
  await removeStack(host.docker, place().stack, { timeoutMs: 60_000 })
  host[Symbol.dispose]()
  rmSync(folder, { recursive: true, force: true })
})

const settings = () => host.settings
const place = () => canonicalPlace(name, settings())
const state = async () => findCanonical(settings(), name, await leaseFolder(host.docker, settings()))

/** What of the canonical must not change: what is in force, and what stands of it. */
async function known() {
  const files = readdirSync(place().folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  return {
    files: files.map((file) => [file, readFileSync(file).toString('base64')]),
    docker: describeResidue(await residueOf(host.docker, place().stack)),
    state: await state(),
  }
}

const facts = ({ exitCode, record }: CliEnd) => ({
  exitCode,
  verdict: record?.verdict,
  mode: record?.mode,
  level: record?.level,
  deployments: record?.deployments,
  clean: record?.teardown?.clean,
})

test('without a canonical a quick run is a cold one, and says why', async () => {
  const end = await host.cli(['run', recipe, '--quick', '--stages', 'install'])
  expect(facts(end), end.all).toMatchObject({ exitCode: 0, verdict: 'green', mode: 'cold' })
  expect(end.record?.quick).toEqual({ cold: `${name} has no canonical` })
  expect(end.all).toContain(`a quick run was asked for, and this is a cold one: ${name} has no canonical`)
  expect((await host.cli(['promote', 'last'])).exitCode).toBe(2)
  expect(await state()).toBeUndefined()
})

test('a green run is promoted when it is asked for', async () => {
  const end = await host.cli(['run', recipe, '--promote', '--plan', 'single'])
  expect(facts(end), end.all).toMatchObject({ exitCode: 0, verdict: 'green', mode: 'cold', level: 5 })
  expect(end.all).toContain(`the canonical of ${name} is ${LATEST} now, installed afresh`)
  expect(await state()).toMatchObject({
    state: { is: 'idle' },
    entry: { version: LATEST, made: { runId: end.record?.id } },
  })
  const plan = await host.cli(['plan', recipe, '--quick'])
  expect(plan.all).toContain(`a quick run would attach the canonical of ${name}, ${LATEST}`)
})

test('a quick run that passes upgrades the canonical to the head, and leaves the known-good as it was', async () => {
  const before = await known()
  await git('checkout', '--quiet', '-b', 'good')
  await commit({ 'default.conf.tmpl': (text) => `# good\n${text}`, 'abra.sh': next }, 'good')
  const end = await host.cli(['run', recipe, '--quick', '--ref', 'good'])
  expect(facts(end), end.all).toEqual({
    exitCode: 0,
    verdict: 'green',
    mode: 'quick',
    level: 1,
    deployments: { counted: 0, planned: 0 },
    clean: true,
  })
  expect(end.record).toMatchObject({ plan: 'quick', domain: place().domain, commit: await git('rev-parse', 'good') })
  expect(end.record?.quick?.canonical).toMatchObject({ version: LATEST, upgraded: true })
  expect(end.record?.upgrades).toMatchObject([{ from: LATEST, completed: true }])
  const outcomes = Object.fromEntries(end.record?.stages.map(({ stage, outcome }) => [stage, outcome]) ?? [])
  expect(outcomes).toMatchObject({ install: 'pass', upgrade: 'not run', backup: 'not run', lint: 'pass' })
  expect(end.all).toContain('quick: lower confidence')
  expect(readFileSync(join(end.folder ?? '', 'junit.xml'), 'utf8')).toContain('quick: lower confidence')
  expect((await host.cli(['runs', '-n', '1'])).all).toContain('green (quick)')
  expect((await host.cli(['show', 'last'])).all).toContain('quick: lower confidence')
  expect(await known()).toEqual(before)

  const promotion = await host.cli(['promote', 'last', '--source', recipe])
  expect(promotion).toMatchObject({ exitCode: 2, all: expect.stringContaining('it was a quick run') })
  expect(readPromotions(settings().stateDir).at(-1)).toMatchObject({ outcome: 'refused' })
  expect(await known()).toEqual(before)
})

test('a quick run that fails does the same', async () => {
  const before = await known()
  await git('checkout', '--quiet', '-b', 'bad', LATEST)
  const broken = (text: string) => text.replace('listen 80;', 'listen 81;')
  await commit({ 'default.conf.tmpl': broken, 'abra.sh': next }, 'bad')
  const end = await host.cli(['run', recipe, '--quick', '--ref', 'bad'])
  expect(facts(end), end.all).toMatchObject({ exitCode: 1, verdict: 'red', mode: 'quick', level: 0, clean: true })
  expect(await known()).toEqual(before)
})

test('at the commit of the canonical nothing is upgraded, and that is said', async () => {
  const end = await host.cli(['run', recipe, '--quick', '--ref', LATEST])
  expect(facts(end), end.all).toMatchObject({ exitCode: 0, mode: 'quick' })
  expect(end.record?.upgrades).toBeUndefined()
  expect(end.all).toContain('which is at the version under test already, so nothing was upgraded')
})

test('one that is damaged is found before the run, which is a cold one then; it can be removed', async () => {
  const [archive = ''] = readdirSync(join(place().folder, 'snapshot')).filter((file) => file.endsWith('.zst'))
  const file = join(place().folder, 'snapshot', archive)
  writeFileSync(file, Buffer.from(readFileSync(file).map((byte, index) => (index === 0 ? byte ^ 1 : byte))))
  const end = await host.cli(['run', recipe, '--quick', '--stages', 'lint'])
  expect(facts(end), end.all).toMatchObject({ exitCode: 0, mode: 'cold' })
  expect(end.record?.quick?.cold).toContain(`the canonical of ${name} is damaged`)
  expect((await host.cli(['canonical', 'list'])).all).toContain('damaged: ')
  expect((await host.cli(['canonical', 'remove', name])).exitCode).toBe(0)
  expect((await host.cli(['canonical', 'show', name])).all).toContain(`${name} has no canonical on this host.`)
  expect(describeResidue(await residueOf(host.docker, place().stack))).toEqual([])
})
