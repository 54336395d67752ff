import { randomInt } from 'node:crypto'

import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { ensureRecipes, SAMPLES } from '../dev-host/recipes.ts'
import { CHEAP, TestBridge } from './test/test-bridge.ts'
import { MEMBER, ORG, TestGitea } from './test/test-gitea.ts'

const REPO = 'custom-html'
const KILLS = 200
const COMMENTS = 25

/** What the bridge has just done when it is killed, at once or up to so much later (ms); or at any time of its start. */
const MOMENTS = ['serving', 'comment accepted', 'run triggered', 'run launched', 'run ended']
const LATER_MS = 300
/** What it has nothing to say of does not come; it is killed all the same (ms after it serves). */
const LATEST_MS = 600

test(`killed ${KILLS} times at random instants, the bridge makes exactly one run of each comment, and one comment of each run`, {
  timeout: 1_500_000,
}, async () => {
  await using gitea = await TestGitea.start()
  const recipes = join(gitea.folder, 'samples')
  await ensureRecipes(recipes, SAMPLES)
  await gitea.forge.repository(ORG, REPO, join(recipes, REPO))
  await using bridge = new TestBridge(gitea, {
    executor: { kind: 'local', capacity: 4, command: CHEAP },
    watchSeconds: 0.1,
    gitea: { pollSeconds: 0.2 },
  })
  // Comments from before its first start would be none of its business.
  await bridge.start()
  const prs: number[] = []
  for (let pr = 0; pr < COMMENTS; pr += 1) {
    const made = await gitea.pullRequest(REPO, { branch: `b${pr}`, files: { [`${pr}.txt`]: 'x' } })
    prs.push(made.number)
  }
  await bridge.kill('SIGKILL')

  for (let kill = 0; kill < KILLS; kill += 1) {
    const pr = prs[kill / (KILLS / COMMENTS)]
    if (pr !== undefined) await gitea.comment(MEMBER, REPO, pr, '!testme')
    bridge.launch()
    if (kill % 10 === 0) {
      await pause(randomInt(LATER_MS))
    } else {
      const moment = MOMENTS[randomInt(MOMENTS.length)] ?? ''
      const latest = bridge.saysNext('"event":"serving"').then(() => pause(LATEST_MS))
      await Promise.race([bridge.saysNext(`"event":"${moment}"`), latest])
      if (kill % 2 === 0) await pause(randomInt(LATER_MS))
    }
    await bridge.kill('SIGKILL')
  }

  await bridge.start()
  for (const pr of prs) expect(await gitea.saw(REPO, pr, /✅|❌/, 180_000)).toContain('✅ **green**')
  const begun = bridge.begun()
  expect(begun.map(({ pr }) => Number(pr)).sort((one, other) => one - other)).toEqual(prs)
  expect(new Set(begun.map(({ id }) => id)).size).toBe(COMMENTS)
  for (const pr of prs) expect(await gitea.replies(REPO, pr)).toHaveLength(1)
})
