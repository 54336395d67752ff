import { join } from 'node:path'
import { processesWith } from '@cc-ci/harness'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { ensureRecipes, SAMPLES } from '../dev-host/recipes.ts'
import { until } from '../dev-host/until.ts'
import { TestBridge } from './test/test-bridge.ts'
import { BOT, MEMBER, ORG, OUTSIDER, PRIVATE_MEMBER, TestGitea } from './test/test-gitea.ts'

const REPO = 'custom-html'

let gitea: TestGitea
let bridge: TestBridge
beforeAll(async () => {
  gitea = await TestGitea.start()
  const recipes = join(gitea.folder, 'samples')
  await ensureRecipes(recipes, SAMPLES)
  await gitea.forge.repository(ORG, REPO, join(recipes, REPO))
})
afterAll(() => gitea?.[Symbol.asyncDispose]())
beforeEach(async () => {
  bridge = new TestBridge(gitea)
  await bridge.start()
})
afterEach(() => bridge?.[Symbol.asyncDispose]())

let branches = 0
async function open(from = MEMBER): Promise<{ number: number; sha: string; branch: string }> {
  branches += 1
  const branch = `change-${branches}`
  const change = { branch, files: { 'notes.txt': `change ${branches}` }, from }
  const made = from === MEMBER ? gitea.pullRequest(REPO, change) : gitea.forkedPullRequest(REPO, change)
  return { ...(await made), branch }
}
const say = (as: string, pr: number, body: string) => gitea.comment(as, REPO, pr, body)

async function reactions(comment: number): Promise<string[]> {
  const path = `/repos/${ORG}/${REPO}/issues/comments/${comment}/reactions`
  const all = await gitea.forge.call<{ content: string }[] | null>(MEMBER, 'GET', path)
  return (all ?? []).map(({ content }) => content)
}

/** A run of another pull request has come and gone: what came before it would have been seen by now. */
async function passBy(): Promise<void> {
  const { number } = await open()
  await say(MEMBER, number, '!testme')
  await gitea.saw(REPO, number, '✅')
}

const status = (sha: string, wanted: Record<string, string>) =>
  until(async () => JSON.stringify(await gitea.statuses(REPO, sha)) === JSON.stringify(wanted), { deadlineMs: 5_000 })

test('a member comments, the run is made at the head, and one comment tells of it to the end', async () => {
  const { number, sha } = await open()
  bridge.mark('hold', true)
  const asked = await say(MEMBER, number, 'Please have a look.\n\n!testme\n')
  const [begun] = await bridge.saw(1)
  expect(begun).toMatchObject({ recipe: REPO, ref: sha, pr: String(number), quick: '' })
  expect(begun?.sources).toMatch(`${gitea.url}/${ORG}/{recipe}.git `)
  const first = await gitea.saw(REPO, number, '⏳ running')
  expect(first).toContain(`http://ci.example/runs/${begun?.id}`)
  expect(first).toContain(sha)
  expect(await status(sha, { 'cc-ci': 'pending' })).toBe(true)
  const marked = await until(async () => (await reactions(asked)).includes('eyes'), { deadlineMs: 5_000 })
  expect(marked).toBe(true)
  bridge.mark('hold', false)
  const last = await gitea.saw(REPO, number, '✅')
  expect(last).toContain('**green** · level 5 of 5')
  expect(last).toContain('| upgrade | ✅ pass |')
  expect(await gitea.replies(REPO, number)).toHaveLength(1)
  expect(await status(sha, { 'cc-ci': 'success' })).toBe(true)
})

test('a red run is told so, and nothing of what it says is markup, a mention or a command', async () => {
  const { number, sha } = await open()
  bridge.mark('red', true)
  await say(PRIVATE_MEMBER, number, '!testme')
  const last = await gitea.saw(REPO, number, '❌')
  expect(last).toContain('**red** · level 0 of 5')
  expect(last).toContain("| `a '¦' b` |")
  expect(last).toContain('- `install failed: @everybody !testme`')
  expect(await status(sha, { 'cc-ci': 'failure' })).toBe(true)
})

test('a run that leaves no record is red, with what it said last', async () => {
  const { number } = await open()
  bridge.mark('no-record', true)
  await say(MEMBER, number, '!testme')
  const last = await gitea.saw(REPO, number, '❌')
  expect(last).toContain('There is no recipe "x".')
})

test('a quick run is told to be one, with a status of its own', async () => {
  const { number, sha } = await open()
  await say(MEMBER, number, '!testme --quick')
  expect(await gitea.saw(REPO, number, '✅')).toContain('lower confidence')
  expect(bridge.begun()).toMatchObject([{ quick: '1' }])
  expect(await status(sha, { 'cc-ci/quick': 'success' })).toBe(true)
})

test('a pull request from a fork of an outsider is run when a member says so, and not when the outsider does', async () => {
  const { number, sha } = await open(OUTSIDER)
  const refused = await say(OUTSIDER, number, '!testme')
  await bridge.said(/comment refused: not a member/)
  const marked = await until(async () => (await reactions(refused)).includes('-1'), { deadlineMs: 5_000 })
  expect(marked).toBe(true)
  expect(bridge.begun()).toEqual([])
  await say(MEMBER, number, '!testme')
  await gitea.saw(REPO, number, '✅')
  expect(bridge.begun()).toMatchObject([{ ref: sha }])
  expect(await gitea.replies(REPO, number)).toHaveLength(1)
})

test('an outsider on the allow-list may', async () => {
  await bridge[Symbol.asyncDispose]()
  bridge = new TestBridge(gitea, { gitea: { allow: [OUTSIDER.toUpperCase()] } })
  await bridge.start()
  const { number } = await open(OUTSIDER)
  await say(OUTSIDER, number, '!testme')
  await gitea.saw(REPO, number, '✅')
})

test('what only looks like a command does nothing', async () => {
  const { number } = await open()
  for (const body of [
    '!testmexyz',
    '> !testme',
    '```\n!testme\n```',
    '    !testme',
    '<!--\n!testme\n-->',
    '`!testme`',
  ]) {
    await say(MEMBER, number, body)
  }
  // The bot's own.
  await say(BOT, number, '!testme')
  const edited = await say(MEMBER, number, 'not yet')
  // Gitea tells whole seconds: an edit within the first one cannot be told from none.
  const madeAt = Date.now()
  await until(() => Date.now() > madeAt + 1_000, { deadlineMs: 5_000 })
  await gitea.forge.call(PRIVATE_MEMBER, 'PATCH', `/repos/${ORG}/${REPO}/issues/comments/${edited}`, {
    body: '!testme',
  })
  const closed = await open()
  await gitea.forge.call(MEMBER, 'PATCH', `/repos/${ORG}/${REPO}/pulls/${closed.number}`, { state: 'closed' })
  await say(MEMBER, closed.number, '!testme')
  await gitea.forge.call(MEMBER, 'POST', `/repos/${ORG}/${REPO}/issues`, { title: 'an issue', body: '!testme' })
  await passBy()
  expect(bridge.begun()).toHaveLength(1)
  expect(await gitea.replies(REPO, number)).toHaveLength(1)
})

test('an unknown option gets one answer', async () => {
  const { number } = await open()
  await say(MEMBER, number, '!testme --fast')
  expect(await gitea.saw(REPO, number, 'There is no option `--fast`')).toContain('`!testme --quick`')
  await bridge.kill('SIGKILL')
  await bridge.start()
  await passBy()
  expect(await gitea.replies(REPO, number)).toHaveLength(1)
  expect(bridge.begun()).toHaveLength(1)
})

test('a newer command ends the older run, and its comment says so', async () => {
  const { number, sha, branch } = await open()
  bridge.mark('hold', true)
  await say(MEMBER, number, '!testme')
  const [older] = await bridge.saw(1)
  await gitea.saw(REPO, number, '⏳ running')
  await gitea.change(REPO, branch, 'more.txt', 'more')
  await say(MEMBER, number, '!testme')
  const [, newer] = await bridge.saw(2)
  expect(newer?.ref).not.toBe(sha)
  bridge.mark('hold', false)
  await gitea.saw(REPO, number, '✅')
  const told = await gitea.saw(REPO, number, 'ended\\*\\* for a newer run')
  expect(told).toContain(older?.id)
  expect(told).toContain(newer?.id)
  expect(await gitea.replies(REPO, number)).toHaveLength(2)
  expect(await status(sha, { 'cc-ci': 'error' })).toBe(true)
})

test('the older run of the same commit does not speak over the newer one', async () => {
  const { number, sha } = await open()
  bridge.mark('hold', true)
  await say(MEMBER, number, '!testme')
  await bridge.saw(1)
  await say(MEMBER, number, '!testme')
  await bridge.saw(2)
  bridge.mark('hold', false)
  await gitea.saw(REPO, number, '✅')
  await gitea.saw(REPO, number, 'ended\\*\\* for a newer run')
  expect(await status(sha, { 'cc-ci': 'success' })).toBe(true)
})

test('a comment that somebody has deleted is made anew', async () => {
  const { number } = await open()
  bridge.mark('hold', true)
  await say(MEMBER, number, '!testme')
  await gitea.saw(REPO, number, '⏳ running')
  const [own] = (await gitea.comments(REPO, number)).filter(({ user }) => user.login === BOT)
  await gitea.forge.call(undefined, 'DELETE', `/repos/${ORG}/${REPO}/issues/comments/${own?.id}`)
  bridge.mark('hold', false)
  await gitea.saw(REPO, number, '✅')
  expect(await gitea.replies(REPO, number)).toHaveLength(1)
})

test.each(['SIGKILL', 'SIGTERM'] as const)(
  'a run outlives its bridge after %s, and the next one goes on watching it',
  async (signal) => {
    const { number } = await open()
    bridge.mark('hold', true)
    await say(MEMBER, number, '!testme')
    await gitea.saw(REPO, number, '⏳ running')
    expect(await bridge.kill(signal)).toBe(signal === 'SIGTERM' ? 0 : undefined)
    bridge.mark('hold', false)
    await bridge.start()
    await gitea.saw(REPO, number, '✅')
    expect(bridge.begun()).toHaveLength(1)
    expect(await gitea.replies(REPO, number)).toHaveLength(1)
  },
)

test('a run that was killed with all its processes is interrupted', async () => {
  const { number, sha } = await open()
  bridge.mark('hold', true)
  await say(MEMBER, number, '!testme')
  const [begun] = await bridge.saw(1)
  await gitea.saw(REPO, number, '⏳ running')
  for (const { pid } of processesWith('CCCI_RUN_ID', begun?.id ?? '?')) process.kill(pid, 'SIGKILL')
  await gitea.saw(REPO, number, '❌ \\*\\*interrupted')
  expect(await status(sha, { 'cc-ci': 'error' })).toBe(true)
})

test('runs wait for each other, and each is told', async () => {
  bridge.mark('hold', true)
  const [one, other] = [await open(), await open()]
  await say(MEMBER, one.number, '!testme')
  await bridge.saw(1)
  await say(MEMBER, other.number, '!testme')
  await gitea.saw(REPO, other.number, '⏳ waiting for its turn')
  expect(bridge.begun()).toHaveLength(1)
  bridge.mark('hold', false)
  await gitea.saw(REPO, one.number, '✅')
  await gitea.saw(REPO, other.number, '✅')
})

test('while Gitea is away nothing is lost, and it is said once each', async () => {
  const { number } = await open()
  bridge.mark('hold', true)
  await say(MEMBER, number, '!testme')
  await gitea.saw(REPO, number, '⏳ running')
  await gitea.down()
  await bridge.said('Gitea does not do its part')
  bridge.mark('hold', false)
  await bridge.said('"event":"run ended"')
  const health = await fetch(`${bridge.url}/healthz`)
  expect(health.status).toBe(200)
  expect(await health.json()).toMatchObject({ ok: true, giteaAwaySince: expect.any(String), runs: 1 })
  await gitea.up()
  await gitea.saw(REPO, number, '✅')
  await bridge.said('Gitea is back')
  expect(bridge.log.match(/Gitea does not do its part.*ECONNREFUSED/g)?.length).toBeLessThan(4)
})
