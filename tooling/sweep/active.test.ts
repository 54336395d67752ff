import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { assembleRecord, type RunRecord, runDir, saveRecord, takeCapacity, tryLease } from '@cc-ci/harness'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { activeRuns, SWEEP_LEASE } from './active.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ccci-active-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const leases = () => join(folder, 'leases')
const active = () =>
  activeRuns(
    { stateDir: folder, baseDomain: 'ci.localhost', sharedApps: [{ recipe: 'keycloak', stateful: true }] },
    leases(),
  )

const hold = (name: string) => {
  const lease = tryLease(leases(), name, { runId: 'r1', pid: process.pid, since: '' })
  if (!lease) throw new Error(`${name} is held`)
  return lease
}

function record(id: string, given: Partial<RunRecord>): void {
  const seen = { tests: [], fileErrors: [], unhandledErrors: [], journal: [] }
  const made = assembleRecord({ id, recipe: 'demo', state: 'running', startedAt: Date.now(), ...seen })
  mkdirSync(runDir(folder, id), { recursive: true })
  saveRecord(runDir(folder, id), { ...made, host: hostname(), ...given })
}

test('where nothing is going on, a sweep may begin', () => {
  expect(active()).toEqual([])
})

test('a lease that is held and a place in the queue for capacity are a run’s', async () => {
  using _lease = hold('cust-3f9a2c_ci_localhost')
  const request = { folder: join(leases(), 'capacity'), what: 'demo', weight: 1, capacity: 1, timeoutMs: 0 }
  using _share = await takeCapacity({ ...request, runId: 'r2' })
  expect(active()).toEqual([
    `cust-3f9a2c_ci_localhost is live (run r1, process ${process.pid})`,
    `demo is in capacity (run r2, process ${process.pid})`,
  ])
})

test('the sweep itself, and who looks after a shared app, are none', () => {
  using _own = hold(SWEEP_LEASE)
  using _shared = hold('warm-keycloak_ci_localhost')
  expect(active()).toEqual([])
})

test('a record that is running counts as long as its process lives, and no longer', () => {
  record('lives', { pid: process.pid })
  record('gone', { pid: 2 ** 22 + 1 })
  record('over', { pid: process.pid, state: 'finished' })
  record('elsewhere', { pid: process.pid, host: 'another' })
  // The number of a process that is gone, which this one has got since.
  record('reused', { pid: process.pid, startedAt: '2020-01-01T00:00:00.000Z' })
  expect(active()).toEqual([`run lives is running (process ${process.pid})`])
})
