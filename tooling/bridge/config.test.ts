import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readSecretFile, readServeConfig, ServeConfigError } from './config.ts'

const GITEA = { url: 'https://git.example.org/', bot: 'cc-ci', tokenFile: 'token', organisations: ['recipes'] }
const LEAST = { publicUrl: 'https://ci.example.org', gitea: GITEA }

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ccci-config-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function read(content: unknown) {
  const file = join(folder, 'serve.json')
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  return readServeConfig(file)
}

function refusal(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    expect(error).toBeInstanceOf(ServeConfigError)
    return (error as Error).message.replaceAll(folder, '<folder>')
  }
  throw new Error('it was not refused')
}

test('the least that must be said is enough', () => {
  expect(read(LEAST)).toMatchObject({
    listen: { host: '127.0.0.1', port: 8021 },
    gitea: { url: 'https://git.example.org', tokenFile: join(folder, 'token'), allow: [], pollSeconds: 15 },
    executor: { kind: 'local', capacity: 1 },
    deadlineMinutes: 240,
  })
})

test('Drone is chosen by its kind', () => {
  const executor = { kind: 'drone', url: 'https://drone.example.org', tokenFile: '/run/token', repository: 'ci/cc-ci' }
  expect(read({ ...LEAST, executor }).executor).toEqual({ ...executor, branch: 'main' })
})

test('an unknown key is refused with the nearest, wherever it is', () => {
  expect(refusal(() => read({ ...LEAST, lisen: {} }))).toContain(
    'there is no "lisen".\n  to do: The nearest is "listen"',
  )
  expect(refusal(() => read({ ...LEAST, gitea: { ...GITEA, organizations: [] } }))).toContain(
    'there is no "gitea.organizations".\n  to do: The nearest is "organisations"',
  )
  expect(refusal(() => read({ ...LEAST, executor: { kind: 'local', capactiy: 2 } }))).toContain('"capacity"')
})

test.each([
  ['no key', {}, 'publicUrl'],
  ['polls that are too rare', { ...LEAST, gitea: { ...GITEA, pollSeconds: 31 } }, 'gitea.pollSeconds'],
  ['no organisation', { ...LEAST, gitea: { ...GITEA, organisations: [] } }, 'gitea.organisations'],
  ['an address with a password', { ...LEAST, publicUrl: 'https://a:b@c.example' }, 'publicUrl'],
  ['another scheme', { ...LEAST, gitea: { ...GITEA, url: 'file:///etc' } }, 'gitea.url'],
  ['an unknown executor', { ...LEAST, executor: { kind: 'jenkins' } }, 'executor.kind'],
])('%s is refused by its name', (_, content, key) => {
  expect(refusal(() => read(content))).toContain(`serve.json: ${key} cannot be used`)
})

test('a file that is none is refused, and says where to begin', () => {
  expect(refusal(() => read('{ half'))).toContain('docs/bridge.md')
  expect(refusal(() => readServeConfig(join(folder, 'absent.json')))).toContain('docs/bridge.md')
})

test('a secret is read from a file that not everybody may read', () => {
  const file = join(folder, 'secret')
  writeFileSync(file, 'a-long-secret\n', { mode: 0o640 })
  expect(readSecretFile(file)).toBe('a-long-secret')
  const open = join(folder, 'open')
  writeFileSync(open, 'a-long-secret', { mode: 0o644 })
  expect(refusal(() => readSecretFile(open))).toBe('Anybody may read <folder>/open.\n  to do: chmod 600 <folder>/open')
  const empty = join(folder, 'empty')
  writeFileSync(empty, '\n', { mode: 0o600 })
  expect(refusal(() => readSecretFile(empty))).toContain('holds no secret')
  expect(refusal(() => readSecretFile(join(folder, 'absent')))).toContain('cannot be read')
})
