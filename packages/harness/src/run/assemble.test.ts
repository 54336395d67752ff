import { describe, expect, test } from 'vitest'
import { assembleRecord, type RunFacts } from './assemble.ts'
import type { JournalEvent } from './journal.ts'
import { runRecord } from './record.ts'
import { STAGES } from './stages.ts'

const START = Date.UTC(2026, 0, 30, 10)

const at = (events: JournalEvent[]) => events.map((event, index) => ({ at: START + index * 1000, ...event }))

const subject: JournalEvent = {
  event: 'subject',
  recipe: 'custom-html',
  version: '1.1.0+1.22',
  commit: 'c0ffee',
  ref: undefined,
  base: '1.0.0+1.21',
  domain: 'cust-1a2b3c.ci.localhost',
  stack: 'cust-1a2b3c_ci_localhost',
  plan: 'full',
  quirks: ['no IPVS: endpoint_mode dnsrr'],
  customisation: { healthPath: '/' },
}

const green: RunFacts = {
  id: 'run-1',
  recipe: 'custom-html',
  state: 'finished',
  startedAt: START,
  endedAt: START + 42_000,
  tests: STAGES.map((stage, index) => ({
    name: stage,
    stage,
    state: 'passed',
    startedAt: START + index * 1000,
    durationMs: 900,
    errors: [],
  })),
  fileErrors: [],
  unhandledErrors: [],
  journal: at([
    subject,
    { event: 'step', text: 'waiting for app' },
    { event: 'deployment', number: 1, purpose: 'install', version: '1.1.0+1.22' },
    { event: 'done', text: 'deployed', durationMs: 1500 },
    {
      event: 'evidence',
      stage: 'install',
      kind: 'screenshot',
      file: 'screenshots/healthy.png',
      caption: 'the healthy app',
    },
    { event: 'warning', text: 'slow disk' },
    { event: 'deployments', counted: 1, planned: 1 },
    { event: 'teardown', clean: true, left: [], durationMs: 3900 },
  ]),
}

describe('the record', () => {
  test('of a green run says everything that is known, and keeps to its schema', () => {
    const record = assembleRecord(green)
    expect(runRecord.parse(record)).toEqual(record)
    expect(record).toMatchObject({
      id: 'run-1',
      recipe: 'custom-html',
      version: '1.1.0+1.22',
      base: '1.0.0+1.21',
      plan: 'full',
      verdict: 'green',
      level: 4,
      durationMs: 42_000,
      deployments: { counted: 1, planned: 1 },
      teardown: { clean: true, left: [], durationMs: 3900 },
      warnings: ['slow disk'],
      quirks: ['no IPVS: endpoint_mode dnsrr'],
      customisation: { healthPath: '/' },
      problems: [],
      unproven: [],
      steps: [
        { text: 'waiting for app', kind: 'step', durationMs: 2000 },
        { text: 'deployed', kind: 'done', durationMs: 1500 },
      ],
    })
    expect(record.stages.map(({ stage, outcome, durationMs }) => [stage, outcome, durationMs])).toEqual(
      STAGES.map((stage) => [stage, 'pass', 900]),
    )
  })

  test('of a run that goes on has neither verdict nor level, and judges only stages that have ended', () => {
    const record = assembleRecord({ ...green, state: 'running', endedAt: undefined, ended: new Set(['install']) })
    expect(runRecord.parse(record)).toEqual(record)
    expect(record).not.toHaveProperty('verdict')
    expect(record).not.toHaveProperty('level')
    expect(record.stages.map((stage) => stage.outcome)).toEqual(['pass', 'not run', 'not run', 'not run'])
  })

  test('of a run without a journal is red: nothing shows that anything was deployed or removed', () => {
    const record = assembleRecord({ ...green, journal: [] })
    expect(record).toMatchObject({ verdict: 'red', blame: 'infrastructure' })
    expect(record.problems).toEqual(['the run did not say how often it deployed', 'teardown did not report'])
  })

  test('of a limited run names the stages it was limited to and what that leaves unproven', () => {
    const record = assembleRecord({ ...green, limitedTo: ['install'] })
    expect(record).toMatchObject({ verdict: 'green', level: 1, limitedTo: ['install'] })
    expect(record.unproven).toEqual(['upgrade: not asked for', 'backup: not asked for', 'custom: not asked for'])
  })

  test('of a run in one deployment says what that leaves unproven', () => {
    const journal = green.journal.map((line) =>
      line.event === 'subject' ? { ...line, plan: 'single' as const } : line,
    )
    expect(assembleRecord({ ...green, journal }).unproven).toEqual([
      'plan single: a fresh install at the version under test',
      'plan single: a restore into a fresh deployment',
    ])
  })

  test('of several scopes is clean only if all were', () => {
    const left = at([{ event: 'teardown', clean: false, left: ['volume x'], durationMs: 1 }])
    const record = assembleRecord({ ...green, journal: [...left, ...green.journal] })
    expect(record).toMatchObject({ verdict: 'red', teardown: { clean: false, left: ['volume x'], durationMs: 3901 } })
  })

  test('of several sessions counts the deployments of all', () => {
    const begun = (number: number): JournalEvent => ({
      event: 'deployment',
      number,
      purpose: 'install',
      version: '1.1.0+1.22',
    })
    const counted = (...sessions: [counted: number, planned: number][]) => {
      const events = sessions.flatMap(([counted, planned]): JournalEvent[] => [
        ...Array.from({ length: counted }, (_, index) => begun(index + 1)),
        { event: 'deployments', counted, planned },
        { event: 'teardown', clean: true, left: [], durationMs: 1 },
      ])
      return assembleRecord({ ...green, journal: at([subject, ...events]) })
    }
    expect(counted([1, 1], [2, 2])).toMatchObject({ verdict: 'green', deployments: { counted: 3, planned: 3 } })
    expect(counted([1, 1], [1, 2])).toMatchObject({ verdict: 'red', deployments: { counted: 2, planned: 3 } })
    // Too many here and too few there are not what the plan says.
    expect(counted([2, 1], [1, 2])).toMatchObject({ verdict: 'red', deployments: { counted: 2, planned: 1 } })
  })

  test('counts a step that is told again as one', () => {
    const again = at([
      { event: 'step', text: 'waiting' },
      { event: 'step', text: 'waiting' },
      { event: 'done', text: 'there', durationMs: 2000 },
    ])
    expect(
      assembleRecord({ ...green, journal: again }).steps.map(({ text, durationMs }) => [text, durationMs]),
    ).toEqual([
      ['waiting', 2000],
      ['there', 2000],
    ])
  })

  test('warns of a test that passed only when repeated', () => {
    const tests = green.tests.map((fact, index) => (index === 0 ? { ...fact, retries: 2 } : fact))
    expect(assembleRecord({ ...green, tests }).warnings).toContain('install: passed only after 2 repeats')
  })
})
