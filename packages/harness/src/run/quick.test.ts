import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadSettings } from '../settings/load.ts'
import { assembleRecord } from './assemble.ts'
import type { TestFact } from './facts.ts'
import type { JournalEvent } from './journal.ts'
import { junitXml } from './junit.ts'
import { canonicalForQuick, QUICK_STAGES, quickStages, quickWanted } from './quick.ts'
import { runSummary } from './text.ts'

test('a quick run has the stages that it can show something of, as far as they are asked for', () => {
  expect(quickStages()).toEqual(['install', 'custom', 'recipe-local', 'lint'])
  expect(quickStages(['upgrade', 'custom'])).toEqual(['custom'])
  expect(() => quickStages(['upgrade', 'backup'])).toThrow('A quick run shows nothing of upgrade and backup.')
})

test('it is asked for by 1 or yes, and not by what is neither', () => {
  expect(['1', 'yes', 'true'].map(quickWanted)).toEqual([true, true, true])
  expect([undefined, '', '0', 'no', 'false'].map(quickWanted)).toEqual([false, false, false, false, false])
  expect(() => quickWanted('quick')).toThrow('CCCI_QUICK is "quick".')
})

test('where there is no canonical, why is said', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'ccci-quick-'))
  try {
    expect(canonicalForQuick({ ...(await loadSettings()), stateDir }, 'sample')).toBe('sample has no canonical')
  } finally {
    rmSync(stateDir, { recursive: true })
  }
})

const plain = (_: unknown, text: string) => text
const canonical = { version: '1.0.0+1', commit: 'c0ffee0000', takenAt: '2026-01-30T10:15:02.000Z', upgraded: true }

function recordOf(events: JournalEvent[], more: { quick?: boolean; limited?: boolean } = {}) {
  const passed = (stage: TestFact['stage']): TestFact => ({
    name: stage,
    stage,
    state: 'passed',
    durationMs: 1,
    errors: [],
  })
  const subject = { recipe: 'sample', version: '1.1.0+1', commit: 'c2', ref: undefined, base: '1.0.0+1' }
  const place = { domain: 'warm-sample.ci.localhost', stack: 'warm-sample_ci_localhost', quirks: [], customisation: {} }
  const plan = more.limited ? 'quick' : 'full'
  const all: JournalEvent[] = [
    ...events,
    { event: 'subject', ...subject, ...place, plan },
    { event: 'lint', report: { durationMs: 1, rules: [] } },
    { event: 'not-applicable', stage: 'recipe-local', reason: 'none' },
    { event: 'deployments', counted: 0, planned: 0 },
    { event: 'teardown', clean: true, left: [], durationMs: 1 },
  ]
  return assembleRecord({
    id: 'run-1',
    recipe: 'sample',
    state: 'finished',
    startedAt: 0,
    endedAt: 1,
    tests: [passed('install'), passed('custom')],
    fileErrors: [],
    unhandledErrors: [],
    journal: all.map((event) => ({ at: 1, ...event })),
    ...(more.limited ? { limitedTo: QUICK_STAGES } : {}),
    ...(more.quick ? { quick: true } : {}),
  })
}

test('its record says so wherever it is shown, and earns no more than it proves', () => {
  const record = recordOf([{ event: 'quick', canonical }], { limited: true })
  expect(record).toMatchObject({ mode: 'quick', plan: 'quick', verdict: 'green', level: 1, quick: { canonical } })
  expect(record.unproven.join('\n')).toMatch(/quick: a fresh install.*\nupgrade: not asked for\nbackup: not asked for/)
  const told = runSummary(record, '/runs/run-1', undefined, plain).join('\n')
  expect(told).toContain('green · sample 1.1.0+1 · quick: lower confidence · level 1 of 5 · 0 of 0 deployments')
  expect(told).toContain('on the canonical 1.0.0+1 (c0ffee0), upgraded; its known-good stays as it was')
  expect(junitXml(record)).toContain('<property name="mode" value="quick: lower confidence"/>')
})

test('one that ended before it could say anything is quick all the same', () => {
  expect(recordOf([], { quick: true }).mode).toBe('quick')
})

test('one that is a cold run instead says why', () => {
  const record = recordOf([{ event: 'quick', cold: 'sample has no canonical' }])
  expect(record).toMatchObject({ mode: 'cold', quick: { cold: 'sample has no canonical' } })
  const told = runSummary(record, '/runs/run-1', undefined, plain).join('\n')
  expect(told).toContain('a quick run was asked for, and this is a cold one: sample has no canonical')
  expect(told).not.toContain('lower confidence')
})
