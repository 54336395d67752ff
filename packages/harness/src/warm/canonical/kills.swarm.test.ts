import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dockerClient } from '../../docker/connect.ts'
import { scopesDir } from '../../run/store.ts'
import { takeLease } from '../../scope/lease.ts'
import { leftoversOf, reclaim } from '../../scope/reclaim.ts'
import { Scope } from '../../scope/scope.ts'
import { survey } from '../../scope/survey.ts'
import type { PutBackStep } from './put-back.ts'
import { commit, type TestCanonical, testCanonical } from './test-canonical.ts'
import { promoteAndDie, putBackAndDie, useAndDie } from './test-kill.ts'
import { readUse } from './use.ts'

let one: TestCanonical
/** What it is, and must be whoever was killed. */
let old: Awaited<ReturnType<TestCanonical['all']>>
beforeAll(async () => {
  one = await testCanonical(commit('1.0.0+1'))
  await one.promote('1.0.0+1')
  old = await one.all()
})
afterAll(() => one[Symbol.asyncDispose]())

const CHANGE = 'head -c 100000 /dev/urandom > mine; rm index.html'

const KILLED: PutBackStep[] = ['begun', 'restoring', 'volumes back', 'secrets back']

describe('putting back, killed', () => {
  test.for(KILLED)('at “%s”, is done by the next user', async (step) => {
    const claim = await one.claim()
    await one.sh(CHANGE)
    await dockerClient(one.settings.dockerHost).createVolume({ Name: `${one.place.stack}_extra` })
    // The lease is still this process's: in truth it would be that of the one that is killed.
    await putBackAndDie(claim.data, step)
    expect(readUse(one.place.folder)?.step).toBe('being put back')
    await claim.forget()
    expect(one.state()?.state.is).toBe('left')

    await using next = await one.claim()
    expect(next.good?.entry).toEqual(old.entry)
    expect(await one.all()).toEqual(old)
  })
})

test('a user that is killed while the app is up leaves it to the next, and to whoever has its ledger', async () => {
  await useAndDie(one)
  expect(one.state()?.state).toMatchObject({ is: 'left', by: 'killed' })
  await new Scope({ folder: `${one.folder}/killed`, teardownTimeoutMs: 60_000, secondLook: true }).close()
  expect(one.state()?.state).toEqual({ is: 'idle' })
  expect(await one.all()).toEqual(old)
})

test('the janitor, or the next run, ends the use of a dead process and never takes the canonical itself', async () => {
  await promoteAndDie(one, 'upgraded', { record: one.record('1.0.0+1'), fresh: true })
  const { docker, settings, place, leases } = one
  const scopes = scopesDir(settings.stateDir)
  const where = { docker, leases, scopes, baseDomain: settings.baseDomain }
  for (const found of await survey(where)) {
    if (found.stack === place.stack) expect(found.things.filter((what) => !what.startsWith('scope '))).toEqual([])
  }
  using _ = await takeLease({ folder: leases, name: place.stack, runId: 'janitor', timeoutMs: 60_000 })
  await reclaim({ docker, stack: place.stack, scopes, timeoutMs: 60_000, why: 'a test' })
  expect(await one.all()).toEqual(old)
  expect(await leftoversOf(docker, place.stack, scopes)).toEqual({ scopes: [], docker: [] })
})

describe('a promotion, killed', () => {
  test.for(['claimed', 'secrets read', 'linked'] as const)('at “%s”, leaves the old one', async (step) => {
    await promoteAndDie(one, step, { record: one.record('1.0.0+1'), fresh: true })
    await using next = await one.claim()
    expect(next.good?.entry).toEqual(old.entry)
    expect(await one.all()).toEqual(old)
  })

  test('at the moment when it is in force, leaves the new one', async () => {
    const before = one.state()?.entry?.takenAt ?? ''
    await promoteAndDie(one, 'in force', { record: one.record('1.0.0+1'), fresh: true })
    await using next = await one.claim()
    expect(next.good?.entry.takenAt).not.toBe(before)
    expect(one.state()?.entry).toEqual(next.good?.entry)
    const { there, env } = await one.all()
    expect({ there, env }).toEqual({ there: old.there, env: old.env })
  })
})
