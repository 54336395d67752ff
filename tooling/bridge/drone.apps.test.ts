import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { ensureRecipes, SAMPLES } from '../dev-host/recipes.ts'
import { until } from '../dev-host/until.ts'
import { DroneStandIn } from './test/drone-stand-in/drone-stand-in.ts'
import { TestBridge } from './test/test-bridge.ts'
import { MEMBER, ORG, TestGitea } from './test/test-gitea.ts'

// The Gitea is a real one; of Drone there is a stand-in only.

const REPO = 'custom-html'
const TOKEN = 'f'.repeat(32)

let gitea: TestGitea
let drone: DroneStandIn
let bridge: TestBridge
beforeAll(async () => {
  gitea = await TestGitea.start()
  const recipes = join(gitea.folder, 'samples')
  await ensureRecipes(recipes, SAMPLES)
  await gitea.forge.repository(ORG, REPO, join(recipes, REPO))
})
afterAll(() => gitea?.[Symbol.asyncDispose]())
beforeEach(async () => {
  drone = await new DroneStandIn('ci/cc-ci').start()
  drone.accounts.set(TOKEN, { login: 'ci-bot', right: 'write', active: true })
  const tokenFile = join(gitea.folder, 'drone.token')
  writeFileSync(tokenFile, TOKEN)
  chmodSync(tokenFile, 0o600)
  const executor = { kind: 'drone', url: drone.url, tokenFile, repository: 'ci/cc-ci' }
  bridge = new TestBridge(gitea, { executor })
  await bridge.start()
})
afterEach(async () => {
  await bridge?.[Symbol.asyncDispose]()
  await drone?.[Symbol.asyncDispose]()
})

let branches = 0
async function comment(): Promise<{ number: number; sha: string }> {
  branches += 1
  const made = await gitea.pullRequest(REPO, { branch: `b${branches}`, files: { [`${branches}.txt`]: 'x' } })
  await gitea.comment(MEMBER, REPO, made.number, '!testme')
  return made
}
const built = (count: number) => until(() => drone.builds.length >= count, { deadlineMs: 20_000 })

test('a comment is a build, its page is linked, and its end is told', async () => {
  const { number, sha } = await comment()
  await gitea.saw(REPO, number, `${drone.url}/ci/cc-ci/1`)
  expect(drone.builds).toMatchObject([
    {
      branch: 'main',
      params: { RECIPE: REPO, PR: String(number), REF: `refs/pull/${number}/head`, SHA: sha, QUICK: '0' },
    },
  ])
  expect(Object.keys(drone.builds[0]?.params ?? {}).sort()).toEqual(['PR', 'QUICK', 'RECIPE', 'REF', 'RUN_ID', 'SHA'])
  drone.turn(1, 'running')
  await gitea.saw(REPO, number, '⏳ running')
  drone.turn(1, 'error', 'yaml: line 3: did not find expected key')
  // Without a record, nobody knows more than Drone says.
  expect(await gitea.saw(REPO, number, '❌ \\*\\*not verified')).toContain('yaml: line 3')
  expect(bridge.log).not.toContain(TOKEN)
})

test('a success without the record of a green run is not green', async () => {
  const { number, sha } = await comment()
  await built(1)
  drone.turn(1, 'success')
  await gitea.saw(REPO, number, '❌ \\*\\*not verified')
  expect(await until(async () => (await gitea.statuses(REPO, sha))['cc-ci'] === 'error', { deadlineMs: 5_000 })).toBe(
    true,
  )
})

test('nothing to run is said, and tried once', async () => {
  drone.nothingToRun = true
  const { number } = await comment()
  expect(await gitea.saw(REPO, number, '❌')).toContain('Drone has nothing to run.')
  expect(drone.creations).toBe(1)
})

test('killed while Drone takes its time to create the build, the bridge finds it and asks for no other', async () => {
  const reading = Promise.withResolvers<'read'>()
  drone.readingYaml = () => reading.promise
  const { number } = await comment()
  expect(await until(() => drone.creations === 1, { deadlineMs: 20_000 })).toBe(true)
  await bridge.kill('SIGKILL')
  await bridge.start()
  await gitea.saw(REPO, number, '⏳ accepted')
  reading.resolve('read')
  await gitea.saw(REPO, number, `${drone.url}/ci/cc-ci/1`)
  expect(drone.creations).toBe(1)
  expect(drone.builds).toHaveLength(1)
})

test('a newer command cancels the older build', async () => {
  const { number } = await comment()
  await built(1)
  drone.turn(1, 'running')
  await gitea.saw(REPO, number, '⏳ running')
  await gitea.comment(MEMBER, REPO, number, '!testme')
  await built(2)
  expect(await until(() => drone.builds[0]?.status === 'killed', { deadlineMs: 20_000 })).toBe(true)
  await gitea.saw(REPO, number, 'ended\\*\\* for a newer run')
})

test('while Drone is away nothing is lost, and it is said once', async () => {
  const { url } = drone
  await drone[Symbol.asyncDispose]()
  const { number } = await comment()
  await bridge.said('Drone does not do its part')
  await gitea.saw(REPO, number, '⏳ accepted')
  await drone.start(Number(new URL(url).port))
  await gitea.saw(REPO, number, `${url}/ci/cc-ci/1`)
  await bridge.said('Drone is back')
  expect(drone.builds).toHaveLength(1)
  expect(bridge.log.match(/Drone does not do its part/g)).toHaveLength(1)
})

test('a build that never ends meets the deadline of the bridge', async () => {
  await bridge[Symbol.asyncDispose]()
  const executor = {
    kind: 'drone',
    url: drone.url,
    tokenFile: join(gitea.folder, 'drone.token'),
    repository: 'ci/cc-ci',
  }
  bridge = new TestBridge(gitea, { executor, deadlineMinutes: 0.02 })
  await bridge.start()
  const { number } = await comment()
  await built(1)
  drone.turn(1, 'running')
  await gitea.saw(REPO, number, '❌ \\*\\*ended\\*\\*: it took longer than a run may')
  expect(drone.builds[0]?.status).toBe('killed')
})
