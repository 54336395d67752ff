import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { hostCommandStep } from './host-command.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ccci-host-command-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const run = (command: string, timeoutMs = 10_000) => hostCommandStep({ command, timeoutMs, folder })
const said = () => readFileSync(join(folder, 'host-command.log'), 'utf8').trim()

test('what it printed is kept', async () => {
  expect(await run('echo updated; echo and more >&2')).toMatchObject({ outcome: 'done', log: 'host-command.log' })
  expect(said()).toBe('updated\nand more')
})

test('one that fails is told of, with its last words', async () => {
  expect(await run('echo no room >&2; exit 4')).toMatchObject({
    outcome: 'failed',
    why: expect.stringContaining('failed with exit code 4'),
  })
  expect(said()).toBe('no room')
})

test('one that does not end is ended', async () => {
  const { outcome, why } = await run('echo begun; exec sleep 60', 2_000)
  expect(outcome).toBe('failed')
  expect(why).toContain('was ended')
  expect(said()).toBe('begun')
})

test('what alerts are signed with is none of its business', async () => {
  process.env.CCCI_ALERT_SECRET = 'a-key-of-a-test'
  try {
    await run('echo "[$CCCI_ALERT_SECRET]"')
    expect(said()).toBe('[]')
  } finally {
    delete process.env.CCCI_ALERT_SECRET
  }
})
