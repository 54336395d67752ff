import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CloneRequest, cloneRecipe, UnknownVersionError } from './checkout.ts'
import { RecipeFetchError } from './git.ts'
import { UnknownRecipeError } from './source.ts'
import { parseVersion } from './version.ts'

const root = mkdtempSync(join(tmpdir(), 'ccci-checkout-'))
const sources = [join(root, 'recipes')]
const origin = join(root, 'recipes', 'custom-html')
const commits: Record<string, string> = {}
let clones = 0

const git = (...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
    cwd: origin,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim()

function commit(name: string): void {
  writeFileSync(join(origin, 'page'), name)
  git('add', '-A')
  git('commit', '-qm', name)
  commits[name] = git('rev-parse', 'HEAD')
}

const request = (recipe: string, more: Partial<CloneRequest> = {}): CloneRequest => ({
  recipe,
  sources,
  into: join(root, `clone-${clones++}`),
  ...more,
})

async function withServer<T>(handle: RequestListener, use: (address: string) => Promise<T>): Promise<T> {
  const server = createServer(handle).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

beforeAll(() => {
  for (const name of ['custom-html-tiny', 'keycloak']) {
    mkdirSync(join(root, 'recipes', name), { recursive: true })
    execFileSync('git', ['init', '-q', join(root, 'recipes', name)], { env: { PATH: process.env.PATH } })
  }
  mkdirSync(join(root, 'recipes', 'not-a-repository'))
  mkdirSync(origin)
  git('init', '-q', '-b', 'main')
  commit('first')
  git('tag', '-am', 'x', '1.9.0+1.27.0')
  commit('second')
  git('tag', '-am', 'x', '1.10.0+1.28.0')
  git('tag', '-am', 'x', 'v1.0.0')
  commit('third')
  git('tag', '-am', 'x', 'inner')
  git('tag', '-am', 'x', '1.11.0+1.29.0', 'inner')
  git('tag', '1.2.0+1')
  git('tag', '-am', 'a file', '9.9.9+file', 'HEAD:page')
  git('checkout', '-qb', 'feature')
  commit('proposed')
  git('update-ref', 'refs/pull/7/head', 'HEAD')
  git('checkout', '-q', 'main')
  git('branch', '-qD', 'feature')
  git('branch', 'stable', 'HEAD~1')
  commit('head')
})

afterAll(() => rmSync(root, { recursive: true, force: true }))

describe('a checkout', () => {
  test('knows the published versions in ascending order, each at its commit', async () => {
    const recipe = await cloneRecipe(request('custom-html'))
    expect(recipe.published.map(({ tag, commit, annotated }) => [tag, commit, annotated])).toEqual([
      ['1.2.0+1', commits.third, false],
      ['1.9.0+1.27.0', commits.first, true],
      ['1.10.0+1.28.0', commits.second, true],
      ['1.11.0+1.29.0', commits.third, true],
    ])
    expect(recipe.ignoredTags).toEqual(['9.9.9+file', 'inner', 'v1.0.0'])
    expect([recipe.name, recipe.origin, recipe.uncommitted]).toEqual(['custom-html', origin, []])
  })

  test('moves to a version, branch, commit, ignored tag, pull request or the default branch', async () => {
    const recipe = await cloneRecipe(request('custom-html'))
    const page = () => readFileSync(join(recipe.dir, 'page'), 'utf8')
    const at = async (ref: string | undefined) => {
      const { commit: sha, tag } = await recipe.checkout(ref)
      expect(sha).toBe(commits[page()])
      return [page(), tag?.text]
    }
    expect(await at('1.10.0+1.28.0')).toEqual(['second', '1.10.0+1.28.0'])
    expect(await at('stable')).toEqual(['second', '1.10.0+1.28.0'])
    expect(await at(commits.first?.slice(0, 8))).toEqual(['first', '1.9.0+1.27.0'])
    expect(await at('v1.0.0')).toEqual(['second', '1.10.0+1.28.0'])
    expect(await at('inner')).toEqual(['third', '1.11.0+1.29.0'])
    expect(await at('refs/pull/7/head')).toEqual(['proposed', undefined])
    expect(await at(undefined)).toEqual(['head', undefined])
  })

  test('is clean and forced, whatever was written into it', async () => {
    const recipe = await cloneRecipe(request('custom-html'))
    await recipe.checkout(undefined)
    writeFileSync(join(recipe.dir, 'page'), 'spoiled')
    writeFileSync(join(recipe.dir, 'compose.ci.yml'), 'left over')
    await recipe.checkout('1.9.0+1.27.0')
    expect(readFileSync(join(recipe.dir, 'page'), 'utf8')).toBe('first')
    expect(existsSync(join(recipe.dir, 'compose.ci.yml'))).toBe(false)
  })

  test('finds the version to upgrade from', async () => {
    const recipe = await cloneRecipe(request('custom-html'))
    const before = async (version: string, at: string) =>
      (await recipe.previous(parseVersion(version), commits[at] ?? ''))?.tag
    expect(await before('1.11.0+1.29.0', 'third')).toBe('1.10.0+1.28.0')
    expect(await before('1.11.0+1.30.0', 'head')).toBe('1.10.0+1.28.0')
    expect(await before('2.0.0+1', 'head')).toBe('1.11.0+1.29.0')
    expect(await before('1.2.0+1', 'third')).toBeUndefined()
    expect(await before('not a version', 'head')).toBe('1.11.0+1.29.0')
    expect(await before('not a version', 'third')).toBe('1.10.0+1.28.0')
  })

  test('upgrades to what comes after a published version and still has its label from that version', async () => {
    const recipe = await cloneRecipe(request('custom-html'))
    const before = async (version: string, at: string) =>
      (await recipe.previous(parseVersion(version), commits[at] ?? ''))?.tag
    expect(await before('1.11.0+1.29.0', 'head')).toBe('1.11.0+1.29.0')
    // A commit on the way to that version.
    expect(await before('1.11.0+1.29.0', 'second')).toBe('1.9.0+1.27.0')
  })

  test('reads no configuration, runs no hook and may come from another user', async () => {
    const home = join(root, 'home')
    mkdirSync(join(home, 'hooks'), { recursive: true })
    writeFileSync(join(home, 'hooks', 'post-checkout'), `#!/bin/sh\ntouch ${home}/ran\n`, { mode: 0o755 })
    writeFileSync(join(home, '.gitconfig'), `[core]\n\thooksPath = ${home}/hooks\n[broken`)
    const { HOME } = process.env
    process.env.HOME = home
    const foreign = join(root, 'foreign')
    execFileSync('git', ['-c', 'safe.directory=*', 'clone', '-q', '--bare', origin, foreign], {
      env: { PATH: process.env.PATH, GIT_CONFIG_GLOBAL: '/dev/null' },
    })
    if (process.getuid?.() === 0) chownSync(foreign, 12345, 12345)
    try {
      const recipe = await cloneRecipe(request(foreign))
      expect((await recipe.checkout(undefined)).commit).toBe(commits.head)
    } finally {
      process.env.HOME = HOME
    }
    expect(existsSync(join(home, 'ran'))).toBe(false)
  })

  test('tells what the work tree it came from has not committed', async () => {
    writeFileSync(join(origin, 'draft'), 'x')
    const recipe = await cloneRecipe(request(origin)).finally(() => rmSync(join(origin, 'draft')))
    expect(recipe.uncommitted).toEqual(['draft'])
  })
})

describe('what cannot be checked out', () => {
  test('a version that does not exist: the nearest ones are named', async () => {
    const recipe = await cloneRecipe(request('custom-html'))
    const wrong = recipe.checkout('1.10.0+1.28.1')
    await expect(wrong).rejects.toThrow(UnknownVersionError)
    await expect(wrong).rejects.toThrow(/no version, branch or commit "1.10.0\+1.28.1"[\s\S]*nearest: 1.10.0\+1.28.0/)
    await expect(recipe.checkout('stabel')).rejects.toThrow(/nearest: stable/)
    await expect(recipe.checkout('refs/pull/8/head')).rejects.toThrow(UnknownVersionError)
    await expect(recipe.checkout('0123456789012345678901234567890123456789')).rejects.toThrow(UnknownVersionError)
    await expect(recipe.checkout('--force')).rejects.toThrow(UnknownVersionError)
    await expect(recipe.checkout('')).rejects.toThrow(UnknownVersionError)
  })

  test('a recipe without a commit on its default branch', async () => {
    const recipe = await cloneRecipe(request('keycloak'))
    await expect(recipe.checkout(undefined)).rejects.toThrow(/has no default branch[\s\S]*none at all/)
  })

  test('a recipe nobody has: the sources tried and the nearest names are told, and nothing is left', async () => {
    const ask = request('custom-htm')
    const wrong = cloneRecipe(ask)
    await expect(wrong).rejects.toThrow(UnknownRecipeError)
    await expect(wrong).rejects.toThrow(
      /no recipe "custom-htm" in .*recipes[\s\S]*nearest: custom-html, custom-html-tiny/,
    )
    await expect(cloneRecipe(request('zzz'))).rejects.toThrow(/There are: custom-html, custom-html-tiny, keycloak\./)
    await expect(cloneRecipe(request('not-a-repository'))).rejects.toThrow(UnknownRecipeError)
    await expect(cloneRecipe(request('..'))).rejects.toThrow(/not the name of a recipe/)
    await expect(cloneRecipe(request(`${root}/recipes/not-a-repository`))).rejects.toThrow(/is not a git repository/)
    expect(existsSync(ask.into)).toBe(false)
  })

  test('sources are asked in order, and one without the recipe is passed over', async () => {
    await withServer(
      (_, answer) => answer.writeHead(404).end(),
      async (address) => {
        const recipe = await cloneRecipe(request('custom-html', { sources: [`${address}/{recipe}.git`, ...sources] }))
        expect(recipe.origin).toBe(origin)
        const wrong = cloneRecipe(request('nope', { sources: [`${address}/{recipe}.git`] }))
        await expect(wrong).rejects.toThrow(UnknownRecipeError)
        await expect(wrong).rejects.toThrow(new RegExp(`${address}/nope.git`))
      },
    )
    const url = await cloneRecipe(request('custom-html', { sources: [`file://${root}/recipes/{recipe}`] }))
    expect((await url.checkout(undefined)).commit).toBe(commits.head)
  })

  test('a source that does not answer is the infrastructure, not an unknown recipe', async () => {
    const asked = request('custom-html', { sources: ['http://127.0.0.1:1/{recipe}.git'] })
    const failed = cloneRecipe(asked)
    await expect(failed).rejects.toThrow(RecipeFetchError)
    await expect(failed).rejects.toMatchObject({ blame: 'infrastructure' })
    expect(existsSync(asked.into)).toBe(false)
  })

  test('fetching stops at once when it is aborted, and leaves nothing', async () => {
    const asked = withServer(
      () => stop.abort(new Error('the run was stopped')),
      async (address) => {
        const hanging = request('x', { sources: [`${address}/{recipe}.git`], signal: stop.signal })
        await expect(cloneRecipe(hanging)).rejects.toThrow('the run was stopped')
        expect(existsSync(hanging.into)).toBe(false)
      },
    )
    const stop = new AbortController()
    await asked
  })
})
