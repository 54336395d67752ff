import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CHEAP, TestBridge } from '../bridge/test/test-bridge.ts'
import { MEMBER, ORG, TestGitea } from '../bridge/test/test-gitea.ts'
import { ensureRecipes, SAMPLES } from '../dev-host/recipes.ts'
import type { BenchLine } from './compare.ts'

const REPO = 'custom-html'

/** Within this a run is to be triggered, for 99 of 100 comments (ms). */
const BOUND_MS = 1_000

/** So many comments for each pair that was asked for. */
const COMMENTS = 20

const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((one, other) => one - other)[Math.ceil(values.length * share) - 1] ?? Number.NaN

/** A Gitea with a pull request, and a bridge that watches it. */
export async function commented(gitea: TestGitea): Promise<number> {
  const recipes = join(gitea.folder, 'samples')
  await ensureRecipes(recipes, SAMPLES)
  await gitea.forge.repository(ORG, REPO, join(recipes, REPO))
  return (await gitea.pullRequest(REPO, { branch: 'change', files: { 'a.txt': 'a' } })).number
}

/** Comments, and waits until the bridge has triggered a run of it. @returns how long that took (ms) */
export async function commentToTrigger(gitea: TestGitea, bridge: TestBridge, pr: number): Promise<number> {
  const triggered = bridge.saysAgain('"event":"run triggered"')
  const started = performance.now()
  await gitea.comment(MEMBER, REPO, pr, '!testme')
  await triggered
  return performance.now() - started
}

/** From a comment on a real Gitea, through its webhook, to the trigger of the run; the peer is the bound to keep. */
export async function webhook(pairs: number): Promise<BenchLine> {
  await using gitea = await TestGitea.start()
  const pr = await commented(gitea)
  const secret = randomBytes(16).toString('hex')
  const webhookSecretFile = join(gitea.folder, 'webhook.secret')
  writeFileSync(webhookSecretFile, secret, { mode: 0o600 })
  await using bridge = new TestBridge(gitea, {
    executor: { kind: 'local', command: CHEAP },
    watchSeconds: 2,
    gitea: { webhookSecretFile, pollSeconds: 30 },
  })
  await bridge.start()
  await gitea.forge.call(undefined, 'POST', `/repos/${ORG}/${REPO}/hooks`, {
    type: 'gitea',
    active: true,
    events: ['pull_request_comment'],
    config: { url: `${bridge.url}/webhook`, content_type: 'json', secret },
  })
  await commentToTrigger(gitea, bridge, pr)
  const times: number[] = []
  for (let comment = 0; comment < pairs * COMMENTS; comment += 1) {
    times.push(await commentToTrigger(gitea, bridge, pr))
  }
  const p99 = percentile(times, 0.99)
  return {
    bench: 'webhook',
    ratio: Number((p99 / BOUND_MS).toFixed(3)),
    ours_ms: Math.round(p99),
    peer_ms: BOUND_MS,
    runs: times.length,
    note: `comment to trigger through the webhook, p99 (median ${Math.round(percentile(times, 0.5))} ms); the peer is its bound`,
  }
}
