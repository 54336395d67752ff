import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { takeCapacity } from './capacity.ts'
import { type Bell, hangBell } from './capacity-bell.ts'

let folder: string
let bell: Bell | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cc-ci-bell-'))
})
afterEach(() => {
  bell?.takeDown()
  rmSync(folder, { recursive: true, force: true })
})

// Longer than a test may take: what resolves has been woken up.
const LONG = 600_000

const share = () => takeCapacity({ folder, runId: 'one', what: 'custom-html', weight: 1, capacity: 1, timeoutMs: 0 })

test('it rings when somebody leaves the queue', async () => {
  const one = await share()
  bell = hangBell(folder)
  const rings = bell.rings(LONG)
  one.release()
  await rings
})

test('a ring that nobody waited for is not lost', async () => {
  const other = hangBell(folder)
  bell = hangBell(folder)
  const one = await share()
  // Once one bell has rung, so has the other.
  await other.rings(LONG)
  other.takeDown()
  await bell.rings(LONG)
  one.release()
})

test('an abort ends the wait, also one that came before', async () => {
  bell = hangBell(folder)
  const controller = new AbortController()
  const rings = bell.rings(LONG, controller.signal)
  controller.abort()
  await rings
  await bell.rings(LONG, controller.signal)
})

test('where nothing can be watched, time passes all the same', async () => {
  bell = hangBell(join(folder, 'missing'))
  const started = performance.now()
  await bell.rings(30)
  expect(performance.now() - started).toBeGreaterThan(25)
})
