import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cloneRecipe, type RecipeCheckout } from '../checkout.ts'
import { type TestCommit, testRepository } from '../test-repository.ts'
import { lintRecipe } from './lint.ts'
import { findingText, type LintReport } from './report.ts'

// What lint reads out of a repository: tags, and the version before.

let folder: string
let checkout: RecipeCheckout
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ccci-lint-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function lint(ref: string | undefined, ...commits: TestCommit[]): Promise<LintReport> {
  const recipe = await testRepository(folder, 'site', ...commits)
  checkout = await cloneRecipe({ recipe, sources: [], into: join(folder, 'clone') })
  const at = await checkout.checkout(ref)
  return await lintRecipe({ checkout, at, domain: 'd.example.org', stack: 'd_example_org', env: {} })
}

const rule = ({ rules }: LintReport, id: string) => {
  const one = rules.find((each) => each.id === id)
  return one?.outcome === 'findings' ? one.findings.map(findingText) : (one?.reason ?? one?.outcome)
}

const compose = (version: string, extra = '') => `version: "3.8"
services:
  app:
    image: nginx:1.22.1
    configs: [conf]
    deploy:
      labels:
        - coop-cloud.\${STACK_NAME}.version=${version}
${extra}configs:
  conf:
    name: \${STACK_NAME}_conf_\${CONF_VERSION}
    file: site.conf
`

const files = (version: string, conf: string) => ({
  'compose.yml': compose(version),
  'site.conf': conf,
  'abra.sh': 'export CONF_VERSION=v1\n',
  '.env.sample': 'TYPE=site\n',
})

test('the version before is read from its tag, and what is checked out stays where it is', async () => {
  const report = await lint(
    undefined,
    { version: '1.0.0+1.22.1', files: files('1.0.0+1.22.1', 'one') },
    { files: { 'site.conf': 'two' } },
  )
  expect(rule(report, 'C001')).toEqual([
    'abra.sh:1: site.conf has changed since 1.0.0+1.22.1, and the config made from it is still called "conf v1".',
  ])
  expect(await readFile(join(checkout.dir, 'site.conf'), 'utf8')).toBe('two')
  expect(report.durationMs).toBeGreaterThan(0)
})

test('where nothing was published before, what compares is skipped', async () => {
  const report = await lint('1.0.0+1.22.1', { version: '1.0.0+1.22.1', files: files('1.0.0+1.22.1', 'one') })
  for (const id of ['C001', 'C002', 'C011', 'C012']) {
    expect(rule(report, id)).toBe('there is no published version before 1.0.0+1.22.1')
  }
  expect([rule(report, 'C003'), rule(report, 'R014')]).toEqual(['satisfied', 'satisfied'])
})

test('tags that are not annotated, and a label that is not the tag', async () => {
  const report = await lint(
    '1.1.0+1.23',
    { version: '1.0.0+1.22.1', tag: 'lightweight', files: files('1.0.0+1.22.1', 'one') },
    { version: '1.1.0+1.23', files: { 'README.md': 'no new label' } },
  )
  expect(rule(report, 'R014')).toEqual(['The tag 1.0.0+1.22.1 is not annotated, and abra refuses to deploy it.'])
  expect(rule(report, 'C003')).toEqual(['compose.yml:8: The tag says 1.1.0+1.23, the label 1.0.0+1.22.1.'])
})

test('a recipe that cannot be loaded is linted all the same, against the version before its label', async () => {
  const report = await lint(
    undefined,
    { version: '1.0.0+1.22.1', files: files('1.0.0+1.22.1', 'one') },
    { files: { 'compose.yml': compose('1.1.0+1.22.1', 'volumes: []\n'), 'site.conf': 'two' } },
  )
  expect(rule(report, 'R009')).toEqual(['compose.yml:9: volumes must be a map.'])
  expect(rule(report, 'C001')).toHaveLength(1)
})
