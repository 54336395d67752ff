import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '@cc-ci/harness'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { EXTRAS } from './extras.ts'
import { ensureRecipes, isCurrent, SAMPLES, sampleRecipes } from './recipes.ts'

let folder: string
let target: string

const git = async (repository: string, ...args: string[]): Promise<string> =>
  (await run('git', args, { cwd: join(target, repository), env: { GIT_CONFIG_GLOBAL: '/dev/null' } })).stdout

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cc-ci-recipes-'))
  target = join(folder, 'repositories')
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('a sample recipe', () => {
  let source: string

  beforeEach(() => {
    source = join(folder, 'source')
    for (const version of ['1.10.0+2', '1.9.0+1']) {
      mkdirSync(join(source, 'site', version), { recursive: true })
      writeFileSync(join(source, 'site', version, 'compose.yml'), `# ${version}\n`)
    }
    writeFileSync(join(source, 'site', '1.9.0+1', 'gone.yml'), '')
  })

  test('becomes a repository with one commit and one annotated tag a version, oldest first', async () => {
    expect(await ensureRecipes(target, source)).toEqual(['site'])
    expect(await git('site', 'log', '--format=%s', 'main')).toBe(
      'chore: publish 1.10.0+2 release\nchore: publish 1.9.0+1 release',
    )
    for (const version of ['1.9.0+1', '1.10.0+2']) {
      expect(await git('site', 'cat-file', '-t', version)).toBe('tag')
      expect(await git('site', 'show', `${version}:compose.yml`)).toBe(`# ${version}`)
    }
    expect(await git('site', 'rev-parse', '1.10.0+2^{}')).toBe(await git('site', 'rev-parse', 'HEAD'))
    expect(await git('site', 'ls-tree', '--name-only', 'HEAD')).toBe('compose.yml')
    expect(await git('site', 'status', '--porcelain')).toBe('')
  })

  test('has the same commits and tags wherever it is made', async () => {
    await ensureRecipes(target, source)
    const first = await git('site', 'show-ref')
    rmSync(target, { recursive: true })
    await ensureRecipes(target, source)
    expect(await git('site', 'show-ref')).toBe(first)
  })

  test('is left alone while nothing changed, and made anew when its folder did', async () => {
    await ensureRecipes(target, source)
    const made = statSync(join(target, 'site')).ino
    expect(await ensureRecipes(target, source)).toEqual([])
    expect(statSync(join(target, 'site')).ino).toBe(made)
    writeFileSync(join(source, 'site', '1.10.0+2', 'compose.yml'), '# other\n')
    expect(isCurrent('site', target, source)).toBe(false)
    expect(await ensureRecipes(target, source)).toEqual(['site'])
    expect(await git('site', 'show', 'HEAD:compose.yml')).toBe('# other')
  })

  test('that is no longer written is removed', async () => {
    cpSync(join(source, 'site'), join(source, 'old'), { recursive: true })
    await ensureRecipes(target, source)
    rmSync(join(source, 'old'), { recursive: true })
    await ensureRecipes(target, source)
    expect(sampleRecipes(target).map(({ name }) => name)).toEqual(['site'])
  })
})

describe('the sample recipes written here', () => {
  const versions = sampleRecipes(SAMPLES, EXTRAS).flatMap(({ name, versions }) =>
    versions.map((version) => [name, version] as const),
  )

  test.each(versions)('%s %s carries its own version in its label', (name, version) => {
    const compose = readFileSync(join(SAMPLES, name, version, 'compose.yml'), 'utf8')
    const labels = parse(compose).services.app.deploy.labels as string[]
    expect(labels).toContain(`coop-cloud.\${STACK_NAME}.version=${version}`)
  })

  const withComment = versions.filter(([name]) => name !== 'proxy')

  test.each(withComment)('%s %s has an .env.sample that ends in a comment without a newline', (name, version) => {
    const sample = readFileSync(join(SAMPLES, name, version, '.env.sample'), 'utf8')
    expect(sample).toMatch(/^TYPE=/)
    expect(sample).toMatch(/\n#[^\n]+$/)
  })
})
