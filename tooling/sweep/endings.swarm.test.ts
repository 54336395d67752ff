import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { leaseFolder, processesWith, RUN_FILES, readRecord, runDir, runsDir, tryLease } from '@cc-ci/harness'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { TestHost } from '../cli/test-host.ts'
import { RUN_MAIN } from './run-child.ts'
import { listSweeps, SWEEP_FILES, sweepDir } from './store.ts'
import { ENDLESS, played } from './test-played.ts'
import { TestRoot } from './test-root.ts'

// The real command line, which needs an engine to be asked whether anything is live there; the suites play the app.

let host: TestHost
let own: TestRoot
beforeAll(async () => {
  host = await TestHost.open()
  own = new TestRoot()
  played(own)
  await own.publish('endless', '1.0.0+1', {})
})
afterAll(() => {
  own?.[Symbol.dispose]()
  host?.[Symbol.dispose]()
})

const leaseDir = () => join(own.folder, 'leases')

const sweep = (...args: string[]) =>
  execa(process.execPath, [RUN_MAIN, own.root, 'sweep', '--no-reconcile', ...args], {
    env: {
      CCCI_STATE_DIR: host.stateDir,
      CCCI_LEASE_DIR: leaseDir(),
      CCCI_RECIPE_SOURCES: own.sources,
      CCCI_SWEEP_RECIPES: 'endless',
      NO_COLOR: '1',
      FORCE_COLOR: undefined,
    },
    reject: false,
    stdin: 'ignore',
    all: true,
  })

const runs = () => (existsSync(runsDir(host.stateDir)) ? readdirSync(runsDir(host.stateDir)) : [])

/** The run that a sweep has begun beside those before, once it goes on for ever. */
async function begun(before: readonly string[]): Promise<string> {
  return await vi.waitFor(
    () => {
      const id = runs().find((one) => !before.includes(one)) ?? ''
      expect(readFileSync(join(runDir(host.stateDir, id), RUN_FILES.journal), 'utf8')).toContain(ENDLESS)
      return id
    },
    { timeout: 60_000 },
  )
}

test('told to end, it ends its runs in order, and sums up what it saw', async () => {
  const night = sweep()
  const runId = await begun([])
  night.kill('SIGTERM')
  const end = await night
  expect(end.exitCode, end.all).toBe(143)
  expect(readRecord(runDir(host.stateDir, runId))).toMatchObject({ state: 'interrupted', teardown: { clean: true } })
  const [record] = listSweeps(host.stateDir)
  expect(record).toMatchObject({ state: 'interrupted', verdict: 'interrupted', recipes: [{ outcome: 'interrupted' }] })
  expect(record?.problems[0]?.text).toBe('the sweep was ended by SIGTERM')
  expect(record).not.toHaveProperty('alert')
  const text = readFileSync(join(sweepDir(host.stateDir, record?.id ?? ''), SWEEP_FILES.text), 'utf8')
  expect(text).toContain('interrupted: 0 of 1 recipe green')
  expect(end.all).toContain(text.trimEnd())
})

test('killed, its run ends by itself, and the next one says that it was cut off', async () => {
  const before = runs()
  const night = sweep()
  const runId = await begun(before)
  night.kill('SIGKILL')
  await night
  const cut = listSweeps(host.stateDir).find(({ state }) => state === 'running')
  const run = () => readRecord(runDir(host.stateDir, runId))
  await vi.waitFor(() => expect(processesWith('CCCI_RUN_ID', runId)).toEqual([]), { timeout: 60_000 })
  expect(run()).toMatchObject({ state: 'interrupted', teardown: { clean: true } })
  // It has nothing to do but to say so.
  const leases = await leaseFolder(host.docker, { leaseDir: leaseDir() })
  using _ = tryLease(leases, 'cust-000000_ci_localhost', { runId: 'somebody', pid: process.pid, since: '' })
  const end = await sweep()
  expect(end.exitCode, end.all).toBe(0)
  expect(end.all).toContain(`The sweep before, ${cut?.id}, was cut off.`)
  const told = listSweeps(host.stateDir).find(({ id }) => id === cut?.id)
  expect(told).toMatchObject({ state: 'interrupted', recipes: [{ runId, outcome: 'interrupted' }] })
})

test('what is not enrolled is refused before anything is touched', async () => {
  const before = listSweeps(host.stateDir).length
  const end = await sweep('endles')
  expect(end.exitCode, end.all).toBe(2)
  expect(end.all).toContain('The nearest is "endless".')
  expect(listSweeps(host.stateDir)).toHaveLength(before)
})
