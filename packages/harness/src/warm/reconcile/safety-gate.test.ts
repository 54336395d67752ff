import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cloneRecipe } from '../../recipe/checkout.ts'
import { type TestCommit, testRepository } from '../../recipe/test-repository.ts'
import { askingLine, holdsOf } from './safety-gate.ts'

const at = (text: string) => askingLine({ file: 'release/1', text })

describe('notes that ask a person for something', () => {
  test.for([
    'You must set the secret db_root_password first.',
    'Manual intervention is needed.',
    'The database needs to be migrated by hand.',
    'Run `abra app cmd <app> db migrate` after the upgrade.',
    'BREAKING: the volume is called otherwise.',
    'Please back up your data.',
    'Before upgrading, stop all workers.',
    'This is irreversible.',
    'Incompatible with clients older than 3.',
    'A new variable is required.',
    'No breaking changes, but you have to log in again.',
    'Migration of the search index takes an hour.',
  ])('%s', (line) => {
    expect(at(`All is new.\n${line}`)).toBe(`release/1:2: ${line}`)
  })
})

describe('notes that ask for nothing', () => {
  test.for([
    'Fixes a typo in the logo.',
    'No manual steps needed.',
    'No breaking changes.',
    'Upgrades without manual intervention.',
    'No migrations.',
    "You don't need to do anything.",
    'Backups are faster now.',
    'Nothing is required.',
  ])('%s', (line) => {
    expect(at(line)).toBeUndefined()
  })
})

describe('a version of a recipe', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cc-ci-gate-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const tree = (version: string, more: Record<string, string> = {}): TestCommit => ({
    version,
    files: {
      'compose.yml': `version: "3.8"\nservices:\n  app:\n    image: nginx:1.22.1\n    healthcheck:\n      test: ["CMD", "true"]\n    deploy:\n      labels:\n        - "traefik.enable=true"\n        - "coop-cloud.\${STACK_NAME}.version=${version}"\n`,
      '.env.sample': 'TYPE=sample\nDOMAIN=sample.example.org\nLETS_ENCRYPT_ENV=production\n',
      ...more,
    },
  })

  async function holds(from: string | undefined, ...commits: TestCommit[]) {
    const recipe = await testRepository(folder, 'sample', ...commits)
    const checkout = await cloneRecipe({ recipe, sources: [], into: join(folder, 'clone') })
    const version = checkout.published.at(-1)?.text ?? ''
    const to = { ...(await checkout.checkout(version)), version }
    return await holdsOf({ checkout, domain: 'a.example.org', stack: 'a_example_org', env: {}, from, to })
  }

  test('that only moves on is applied', async () => {
    expect(await holds('1.0.0+9', tree('1.0.0+9'), tree('1.9.0+10'))).toEqual([])
  })

  test('is deployed for the first time, whatever it is', async () => {
    expect(await holds(undefined, tree('1.0.0+9'), tree('2.0.0+10'))).toEqual([])
  })

  test('with a major step of its own is held, whatever upstream calls it', async () => {
    const found = await holds('1.9.0+9', tree('1.9.0+9'), tree('2.0.0+9'))
    expect(found).toEqual([{ cause: 'major', text: expect.stringContaining('1.9.0+9 → 2.0.0+9') }])
  })

  test('is held by the note of any version on the way, not of those before', async () => {
    const before = tree('1.0.0+1', { 'release/1.0.0+1': 'You must do all of it by hand.' })
    const between = tree('1.1.0+1', { 'release/1.1.0+1': 'News.\nMigrate the database by hand.' })
    const found = await holds('1.0.0+1', before, between, tree('1.2.0+1', { 'release/1.2.0+1': 'Nothing special.' }))
    expect(found).toEqual([{ cause: 'release notes', text: 'release/1.1.0+1:2: Migrate the database by hand.' }])
  })

  test('that lint finds broken is held with what lint says', async () => {
    const broken = tree('1.2.0+1', { 'compose.yml': 'version: "3.8"\nservices:\n  web:\n    image: nginx:1.22.1\n' })
    const found = await holds('1.0.0+1', tree('1.0.0+1'), broken)
    expect(found).toContainEqual({ cause: 'lint', text: expect.stringMatching(/^R\d+: /) })
  })
})
