import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { until } from '../dev-host/until.ts'
import { Loop } from './loop.ts'

const LONG_MS = 600_000

test('rounds come one after the other, and never two at a time', async () => {
  let [now, most, rounds] = [0, 0, 0]
  const loop = new Loop(async () => {
    now += 1
    most = Math.max(most, now)
    await pause(5)
    now -= 1
    rounds += 1
  }, 1)
  for (let wake = 0; wake < 20; wake += 1) loop.wake()
  await until(() => rounds > 20, { deadlineMs: 10_000, everyMs: 5 })
  await loop.close()
  expect(rounds).toBeGreaterThan(20)
  expect(most).toBe(1)
})

test('one that is asked for does not wait, and one that is asked for meanwhile comes after', async () => {
  let rounds = 0
  const gate = Promise.withResolvers<void>()
  const loop = new Loop(async () => {
    rounds += 1
    if (rounds === 2) await gate.promise
  }, LONG_MS)
  await until(() => rounds === 1, { deadlineMs: 5_000, everyMs: 1 })
  // A wake-up that comes before the pause has begun is not lost either.
  loop.wake()
  await until(() => rounds === 2, { deadlineMs: 5_000, everyMs: 1 })
  loop.wake()
  loop.wake()
  gate.resolve()
  await until(() => rounds === 3, { deadlineMs: 5_000, everyMs: 1 })
  await loop.close()
  expect(rounds).toBe(3)
})

test('after one that fails the next comes by itself, and is not hurried', async () => {
  const begun: number[] = []
  const loop = new Loop(async () => {
    begun.push(performance.now())
    loop?.wake()
    if (begun.length === 1) throw new Error('away')
  }, LONG_MS)
  await until(() => begun.length >= 2, { deadlineMs: 5_000, everyMs: 5 })
  await loop.close()
  expect((begun[1] ?? 0) - (begun[0] ?? 0)).toBeGreaterThan(300)
})
