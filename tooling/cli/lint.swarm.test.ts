import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brokenRules, findingText, LINT_RULES, outcomesOf, type RunRecord, run } from '@cc-ci/harness'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CliEnd, type Subject, TestHost } from './test-host.ts'

// Lint as a stage of real runs, by the generic suite: the recipe is a clone under a name that no suite has.

let host: TestHost
let folder: string
let recipe: string
beforeAll(async () => {
  host = await TestHost.open()
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'ccci-lint-')))
  recipe = join(folder, 'my-site')
  const [source = ''] = host.settings.recipeSources
  await run('git', ['clone', '--quiet', join(source, 'custom-html'), recipe])
})
afterAll(() => {
  host[Symbol.dispose]()
  rmSync(folder, { recursive: true, force: true })
})

interface Linted extends CliEnd {
  record: RunRecord
  subject: Subject
}

async function linted(...flags: string[]): Promise<Linted> {
  const subject = host.subject('my-site')
  const end = await host.cli(['run', recipe, '--pr', subject.pr, ...flags])
  const { record } = end
  if (!record) throw new Error(`no record:\n${end.all}`)
  expect(await host.leftOf(subject, record.id)).toEqual([])
  return { ...end, record, subject }
}

const lintOf = ({ stages }: RunRecord) => {
  const lint = stages.find(({ stage }) => stage === 'lint')
  return { ...lint, rules: lint?.rules ?? [] }
}

const found = (record: RunRecord, level: 'error' | 'warn') =>
  brokenRules({ durationMs: 0, ...lintOf(record) }, level).map(({ id, findings }) => [id, findings.map(findingText)])

test('a recipe that only has warnings is green, by the generic suite at the highest level', async () => {
  const { exitCode, all, record } = await linted()
  expect(exitCode, all).toBe(0)
  expect(record).toMatchObject({ verdict: 'green', level: 5, deployments: { counted: 3, planned: 3 } })
  expect(outcomesOf(record.stages)).toMatchObject({
    install: 'pass',
    upgrade: 'pass',
    backup: 'pass',
    custom: 'not applicable',
    lint: 'pass',
  })
  expect(lintOf(record)).toMatchObject({ reason: '1 warning: C005', tests: [] })
  expect(lintOf(record).rules.map(({ id }) => id)).toEqual(LINT_RULES.map(({ id }) => id))
  const warning = '.env.sample:1: TYPE is "custom-html", and the recipe\'s repository is called "my-site".'
  expect(found(record, 'warn')).toEqual([['C005', [warning]]])
  expect(found(record, 'error')).toEqual([])
  expect(all).toContain(`! C005 ${warning}`)
  expect(all).toMatch(/lint +✓ pass .* 1 warning: C005/)
})

test('an error makes the run red although the app is well, and is shown, recorded and in junit.xml', async () => {
  const git = (...args: string[]) => run('git', args, { cwd: recipe })
  await git('tag', '0.9.0+1.22.0', '1.0.0+1.22.1^{commit}')
  try {
    const { exitCode, all, record, folder: runFolder } = await linted('--stages', 'install,lint')
    expect(exitCode, all).toBe(1)
    const text = 'The tag 0.9.0+1.22.0 is not annotated, and abra refuses to deploy it.'
    expect(record).toMatchObject({
      verdict: 'red',
      blame: 'recipe',
      level: 1,
      problems: [`lint: fail (R014: ${text})`],
      teardown: { clean: true },
    })
    expect(outcomesOf(record.stages)).toMatchObject({ install: 'pass', upgrade: 'not run', lint: 'fail' })
    expect(found(record, 'error')).toEqual([['R014', [text]]])
    expect(all).toContain(`✗ R014 ${text}`)
    expect((await host.cli(['show', record.id])).all).toContain(`✗ R014 ${text}`)
    expect(readFileSync(join(runFolder ?? '', 'junit.xml'), 'utf8')).toContain(`R014 ${text}`)
  } finally {
    await git('tag', '--delete', '0.9.0+1.22.0')
  }
})

test('lint alone deploys nothing, and proves no more than it does', async () => {
  const { exitCode, all, record } = await linted('--stages', 'lint')
  expect(exitCode, all).toBe(0)
  expect(record).toMatchObject({ verdict: 'green', level: 0, deployments: { counted: 0, planned: 0 } })
  expect(outcomesOf(record.stages)).toMatchObject({ install: 'not run', lint: 'pass' })
})

test('lint alone says why the recipe could not be read', async () => {
  const end = await host.cli(['run', recipe, '--pr', host.subject('x').pr, '--stages', 'lint', '--ref', 'no-such-ref'])
  expect(end.exitCode, end.all).toBe(2)
  expect(end.record).toMatchObject({ verdict: 'red', blame: 'usage' })
  expect(end.record?.problems.join()).toMatch(/^lint: unverified \(UnknownVersionError: .*"no-such-ref"/)
})
