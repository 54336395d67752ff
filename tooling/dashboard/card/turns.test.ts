import { expect, test } from 'vitest'
import { CardsBusyError, OneAtATime } from './chromium.ts'

test('pictures are taken one at a time, in their order, and one that fails holds up none', async () => {
  const turns = new OneAtATime()
  let now = 0
  const done: number[] = []
  const work = (number: number) => async () => {
    now += 1
    expect(now).toBe(1)
    await new Promise(setImmediate)
    now -= 1
    if (number === 2) throw new Error('no picture')
    done.push(number)
    return number
  }
  const all = await Promise.allSettled([1, 2, 3, 4].map((number) => turns.do(work(number))))
  expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
  expect(done).toEqual([1, 3, 4])
})

test('who would wait too long is told so', async () => {
  const turns = new OneAtATime()
  const waiting = Array.from({ length: 20 }, () => turns.do(() => new Promise(setImmediate)))
  await expect(turns.do(async () => 1)).rejects.toThrow(CardsBusyError)
  await Promise.all(waiting)
  expect(await turns.do(async () => 1)).toBe(1)
})
