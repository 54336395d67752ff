import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  connectSwarm,
  describeResidue,
  findRecord,
  hostFile,
  listRecords,
  loadSettings,
  residueOf,
} from '@cc-ci/harness'
import { expect, test } from 'vitest'
import { ensureRecipes, SAMPLES } from '../dev-host/recipes.ts'
import { until } from '../dev-host/until.ts'
import { TestBridge } from './test/test-bridge.ts'
import { MEMBER, ORG, OUTSIDER, TestGitea } from './test/test-gitea.ts'

const REPO = 'custom-html'
const RUN_MS = 240_000

test('from a comment to a verdict: a real run on the real swarm, green, red, and refused', {
  timeout: 600_000,
}, async () => {
  await using gitea = await TestGitea.start()
  const recipes = join(gitea.folder, 'samples')
  await ensureRecipes(recipes, SAMPLES)
  await gitea.forge.repository(ORG, REPO, join(recipes, REPO))
  await using bridge = new TestBridge(gitea, { executor: { kind: 'local' } })
  const settings = await loadSettings()
  copyFileSync(hostFile(settings.stateDir), hostFile(bridge.stateDir))
  await bridge.start()
  const page = async (path: string) => await (await fetch(`${bridge.url}${path}`)).text()

  // The head of the fork is in the recipe's own repository only as refs/pull/<n>/head.
  const green = await gitea.forkedPullRequest(REPO, { branch: 'notes', files: { 'NOTES.md': 'notes' }, from: OUTSIDER })
  await gitea.comment(OUTSIDER, REPO, green.number, '!testme')
  await bridge.said('comment refused: not a member')
  await gitea.comment(MEMBER, REPO, green.number, '!testme')
  const told = await gitea.saw(REPO, green.number, /✅|❌/, RUN_MS)
  expect(told).toMatch(/✅ \*\*green\*\* · level 5 of 5/)
  expect(told).toContain(green.sha)
  expect(await gitea.replies(REPO, green.number)).toHaveLength(1)
  const success = async () => (await gitea.statuses(REPO, green.sha))['cc-ci'] === 'success'
  expect(await until(success, { deadlineMs: 10_000 })).toBe(true)
  const [record] = listRecords(bridge.stateDir)
  expect(record).toMatchObject({
    commit: green.sha,
    pr: String(green.number),
    verdict: 'green',
    teardown: { clean: true },
  })
  expect(told).toContain(`[${record?.id}](http://ci.example/runs/${record?.id})`)
  expect(await page(`/runs/${record?.id}`)).toContain('custom-html')
  expect(await page(`/badge/${REPO}.svg`)).toContain('passing')
  expect(told).toContain(`/runs/${record?.id}/card.png`)

  // A newer command, once the first run's app is being deployed.
  await gitea.comment(MEMBER, REPO, green.number, '!testme')
  const older = await until(
    () => listRecords(bridge.stateDir).find(({ state, domain }) => state === 'running' && domain !== undefined),
    { deadlineMs: 60_000 },
  )
  await gitea.comment(MEMBER, REPO, green.number, '!testme')
  expect(await gitea.saw(REPO, green.number, 'ended\\*\\* for a newer run', RUN_MS)).toContain(older?.id)
  expect(findRecord(bridge.stateDir, older?.id ?? '').state).toBe('interrupted')
  const greens = async () => (await gitea.replies(REPO, green.number)).filter((reply) => reply.includes('✅ **green**'))
  expect(await until(async () => (await greens()).length === 2, { deadlineMs: RUN_MS })).toBe(true)
  // On a busy machine the runner is gone before its app is; its warden removes that.
  const docker = await connectSwarm(settings.dockerHost)
  const left = async () => describeResidue(await residueOf(docker, older?.stack ?? ''))
  expect(await until(async () => (await left()).length === 0, { deadlineMs: 30_000 }), String(await left())).toBe(true)

  const broken = { branch: 'broken', files: { 'compose.yml': 'services:\n  app:\n    image: "nginx:0.0.0-none"\n' } }
  const red = await gitea.pullRequest(REPO, broken)
  await gitea.comment(MEMBER, REPO, red.number, '!testme')
  expect(await gitea.saw(REPO, red.number, /✅|❌/, RUN_MS)).toMatch(/❌ \*\*red\*\* · level 0 of 5/)
  const failure = async () => (await gitea.statuses(REPO, red.sha))['cc-ci'] === 'failure'
  expect(await until(failure, { deadlineMs: 10_000 })).toBe(true)
})
