import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { endProcess } from './end-process.ts'
import { isRunning, markProcess, type ProcessMark } from './process-mark.ts'

/** A process that says when it is ready. */
async function start(script: string): Promise<{ child: ChildProcess; mark: ProcessMark }> {
  const child = spawn('bash', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] })
  await once(child.stdout, 'data')
  const mark = child.pid === undefined ? undefined : markProcess(child.pid)
  if (!mark) throw new Error('it did not start')
  return { child, mark }
}

test('a process that takes the hint is ended with it', async () => {
  const { child, mark } = await start('echo; exec tail -f /dev/null')
  const exited = once(child, 'exit')
  await endProcess(mark, 10_000)
  expect(isRunning(mark)).toBe(false)
  expect(await exited).toEqual([null, 'SIGTERM'])
})

test('a process that does not is killed after the patience', async () => {
  const { child, mark } = await start("trap '' TERM; echo; exec tail -f /dev/null")
  const exited = once(child, 'exit')
  await endProcess(mark, 50)
  expect(await exited).toEqual([null, 'SIGKILL'])
})

test('a process of the same number that started at another time is left alone', async () => {
  const { child, mark } = await start('echo; exec tail -f /dev/null')
  const other = { ...mark, started: '1' }
  expect(isRunning(other)).toBe(false)
  await endProcess(other, 50)
  expect(isRunning(mark)).toBe(true)
  child.kill('SIGKILL')
  await once(child, 'exit')
})
