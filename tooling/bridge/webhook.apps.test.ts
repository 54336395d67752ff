import { createHmac } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ensureRecipes, SAMPLES } from '../dev-host/recipes.ts'
import { TestBridge } from './test/test-bridge.ts'
import { MEMBER, ORG, TestGitea } from './test/test-gitea.ts'

const SECRET = 'a-secret-of-this-test'

test('a signed webhook wakes the bridge long before its next poll, and a forged one does nothing', async () => {
  await using gitea = await TestGitea.start()
  const recipes = join(gitea.folder, 'samples')
  await ensureRecipes(recipes, SAMPLES)
  await gitea.forge.repository(ORG, 'custom-html', join(recipes, 'custom-html'))
  const secretFile = join(gitea.folder, 'webhook.secret')
  writeFileSync(secretFile, `${SECRET}\n`, { mode: 0o600 })
  await using bridge = new TestBridge(gitea, { gitea: { webhookSecretFile: secretFile, pollSeconds: 30 } })
  await bridge.start()
  const { number } = await gitea.pullRequest('custom-html', { branch: 'change', files: { 'a.txt': 'a' } })
  // What it missed by then would come with the next poll, in half a minute.
  await gitea.comment(MEMBER, 'custom-html', number, 'nothing yet')
  const body = JSON.stringify({
    action: 'created',
    is_pull: true,
    comment: { user: { login: MEMBER } },
    sender: { login: MEMBER },
  })
  const deliver = (signature: string) =>
    fetch(`${bridge.url}/webhook`, {
      method: 'POST',
      body,
      headers: { 'x-gitea-event': 'issue_comment', 'x-gitea-signature': signature },
    })
  const signed = createHmac('sha256', SECRET).update(body).digest('hex')
  const polls = async () => Number(/polls_total\{result="well"\} (\d+)/.exec(await metrics(bridge))?.[1])
  const before = await polls()
  for (const signature of ['', 'x', '0'.repeat(64), signed.slice(1), signed.replace(/^./, 'z')]) {
    expect((await deliver(signature)).status).toBe(401)
  }
  expect(await polls()).toBe(before)

  await gitea.forge.call(undefined, 'POST', `/repos/${ORG}/custom-html/hooks`, {
    type: 'gitea',
    active: true,
    events: ['pull_request_comment'],
    config: { url: `${bridge.url}/webhook`, content_type: 'json', secret: readFileSync(secretFile, 'utf8').trim() },
  })
  await gitea.comment(MEMBER, 'custom-html', number, '!testme')
  await bridge.saw(1, 5_000)
  expect(await metrics(bridge)).toMatch(/webhooks_total\{result="forged"\} 5/)
  expect(await metrics(bridge)).toMatch(/webhooks_total\{result="taken"\} 1/)
  await gitea.saw('custom-html', number, '✅')
  expect(bridge.log).not.toContain(SECRET)
})

const metrics = async ({ url }: TestBridge): Promise<string> => await (await fetch(`${url}/metrics`)).text()
