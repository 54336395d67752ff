import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { withLock } from './lock.ts'

test('work under the same name is done one after the other', async () => {
  const name = randomUUID()
  const happened: string[] = []
  const work = (who: string) =>
    withLock(
      name,
      () => happened.push(`${who} waits`),
      async () => {
        happened.push(`${who} begins`)
        await new Promise(setImmediate)
        happened.push(`${who} ends`)
      },
    )
  const first = work('a')
  await Promise.all([first, work('b')])
  expect(happened.filter((what) => !what.endsWith('waits'))).toEqual(['a begins', 'a ends', 'b begins', 'b ends'])
  expect(happened).toContain('b waits')
})

test('a lock is free again when its holder died', async () => {
  const name = randomUUID()
  const module = JSON.stringify(join(import.meta.dirname, 'lock.ts'))
  const script = `import { withLock } from ${module}
    await withLock('${name}', () => {}, async () => { console.log('held'); setInterval(() => {}, 1000); await new Promise(() => {}) })`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(holder.stdout, 'data')
  let waited = false
  const got = withLock(
    name,
    () => {
      waited = true
      holder.kill('SIGKILL')
    },
    async () => 'got it',
  )
  expect(await got).toBe('got it')
  expect(waited).toBe(true)
})
