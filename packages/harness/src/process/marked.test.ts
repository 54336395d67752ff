import { once } from 'node:events'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { endMarked, MARK, markChildren, markedProcesses } from './marked.ts'

// Real processes: what a run's programs start, and what becomes of it.

const mark = (name: string) => `marked-test-${process.pid}-${name}`

/** A shell that starts `children` and waits. */
const shell = (script: string, env: Record<string, string>) =>
  execa('bash', ['-c', script], { env, reject: false, forceKillAfterDelay: false, detached: true })

async function saw(child: ReturnType<typeof shell>): Promise<void> {
  await once(child.stdout, 'data')
}

test('a program carries the mark of the process that started it, and so do those it starts', async () => {
  const own = mark('inherited')
  const stop = markChildren(own)
  const child = shell('sleep 1000 & sleep 1001 & echo up; wait', {})
  stop()
  await saw(child)
  expect(process.env[MARK]).toBeUndefined()
  expect(
    markedProcesses(own)
      .map(({ command }) => command)
      .filter((command) => command.startsWith('sleep'))
      .sort(),
  ).toEqual(['sleep 1000', 'sleep 1001'])
  await endMarked(own)
  await child
})

test('all of them are ended, also one in a session of its own whose parent is gone', async () => {
  const own = mark('orphan')
  const child = shell('setsid sleep 1002 >/dev/null 2>&1 & echo up', { [MARK]: own })
  await saw(child)
  await child
  await endMarked(own)
  expect(markedProcesses(own)).toEqual([])
})

test('one that ignores SIGTERM is killed', async () => {
  const own = mark('stubborn')
  const child = shell("trap '' TERM; echo up; while :; do sleep 1; done", { [MARK]: own })
  await saw(child)
  await endMarked(own)
  const { signal } = await child
  expect(signal).toBe('SIGKILL')
  expect(markedProcesses(own)).toEqual([])
})

test('those of another mark stay', async () => {
  const [own, other] = [mark('own'), `${mark('own')}-2`]
  const child = shell('echo up; exec sleep 1003', { [MARK]: other })
  await saw(child)
  await endMarked(own)
  expect(markedProcesses(other)).toHaveLength(1)
  await endMarked(other)
  await child
})
