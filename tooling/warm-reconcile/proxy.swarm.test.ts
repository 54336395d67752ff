import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { TestSharedApp } from './test-shared-app.ts'

const V1 = '1.0.0+2.6.2'
const V2 = '1.1.0+2.6.2'

// As long as it may take where many others work, too.
test('a shared app without data, by the command line: its tests are asked, a broken version is rolled back', {
  timeout: 300_000,
}, async () => {
  await using app = await TestSharedApp.open('proxy', randomBytes(3).toString('hex'))
  const nowhere = await app.reconcile()
  expect(nowhere).toMatchObject({
    exitCode: 3,
    result: { outcome: 'failed', reason: expect.stringContaining('proxy') },
  })
  expect(app.told()).toMatchObject([{ subject: 'proxy', cause: 'unasked' }])

  await app.recipe.publish(V1)
  const first = await app.reconcile()
  expect(first.result, first.all).toMatchObject({ outcome: 'deployed', version: { version: V1 } })
  expect(first.exitCode).toBe(0)
  expect(first.all).toContain('whether it is well')

  await app.recipe.publish(V2)
  expect(await app.reconcile()).toMatchObject({
    exitCode: 0,
    result: { outcome: 'upgraded', version: { version: V2 } },
  })

  // Its container ends at once: swarm itself goes back, and says so of the service until it is gone.
  const broken = (text: string) => text.replace('admin off', 'there is no such option')
  const config = (text: string) => text.replace('CADDYFILE_VERSION=v2', 'CADDYFILE_VERSION=v3')
  await app.recipe.publish(V2, { version: '1.2.0+2.6.2', change: { Caddyfile: broken, 'abra.sh': config } })
  const failed = await app.reconcile()
  expect(failed.result, failed.all).toMatchObject({ outcome: 'rolled back', version: { version: V2 } })
  expect(failed.exitCode).toBe(1)

  // It answers, and not as its tests want it. What it has brought beside goes with it.
  const ill = (text: string) => text.replace('reverse_proxy 127.0.0.1:8081', 'respond "closed" 418')
  const beside = (text: string) =>
    text.replace('services:', 'services:\n  beside:\n    image: caddy:2.6.2\n    command: ["sleep", "infinity"]')
  await app.recipe.publish(V2, {
    version: '1.3.0+2.6.2',
    change: { Caddyfile: ill, 'abra.sh': config, 'compose.yml': beside },
  })
  const ailing = await app.reconcile()
  expect(ailing.result, ailing.all).toMatchObject({ outcome: 'rolled back', version: { version: V2 } })
  expect(app.told().slice(1)).toMatchObject([
    { subject: 'proxy', cause: 'deploy', recovered: true, attempted: { version: '1.2.0+2.6.2' } },
    { subject: 'proxy', cause: 'unhealthy', recovered: true, text: expect.stringContaining('418') },
  ])

  const standing = await app.standing()
  expect(standing.join()).not.toContain('beside')
  expect(await app.reconcile()).toMatchObject({ exitCode: 4, result: { outcome: 'held', alerts: [] } })
  expect(await app.standing()).toEqual(standing)
  expect(app.told()).toHaveLength(3)
  const { all } = await app.host.cli(['alerts', '--all'])
  expect(all).toContain('an upgrade could not be deployed')
})
