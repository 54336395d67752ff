import { describe, expect, test } from 'vitest'
import { assembleRecord, type RunFacts } from './assemble.ts'
import type { JournalEvent } from './journal.ts'
import { runRecord } from './record.ts'
import { RUN_STAGES, STAGES } from './stages.ts'

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

const finding = { what: 'no healthcheck', file: 'compose.yml', line: 3, todo: 'add one' }
const lint = (level: 'error' | 'warn'): JournalEvent => ({
  event: 'lint',
  report: {
    durationMs: 40,
    rules: [{ id: 'R002', level, title: 'healthchecks', outcome: 'findings', findings: [finding] }],
  },
})

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
    lint('warn'),
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
      level: 5,
      durationMs: 42_000,
      deployments: { counted: 1, planned: 1 },
      teardown: { clean: true, left: [], durationMs: 3900 },
      warnings: ['slow disk'],
      quirks: ['no IPVS: endpoint_mode dnsrr'],
      customisation: { healthPath: '/' },
      problems: [],
      unproven: [],
      steps: [
        { text: 'waiting for app', kind: 'step', durationMs: 3000 },
        { text: 'deployed', kind: 'done', durationMs: 1500 },
      ],
    })
    expect(record.stages.map(({ stage, outcome, durationMs }) => [stage, outcome, durationMs])).toEqual(
      RUN_STAGES.map((stage) => [stage, 'pass', stage === 'lint' ? 40 : 900]),
    )
  })

  test('says for how long each upgrade kept the app from answering, and which services it left behind', () => {
    const upgrade = { from: '1.0.0+1.21', to: '1.1.0+1.22', completed: true, dropped: ['cache'] }
    const downtime = { downtimeMs: 2400, longestMs: 2000, looks: 40, failed: 9 }
    const journal = [...green.journal, ...at([{ event: 'upgrade', ...upgrade, ...downtime }])]
    const record = assembleRecord({ ...green, journal })
    expect(runRecord.parse(record)).toEqual(record)
    expect(record.upgrades).toEqual([{ ...upgrade, ...downtime }])
    expect(record.stages.map(({ stage, details }) => [stage, details])).toContainEqual([
      'upgrade',
      ['1.0.0+1.21 → 1.1.0+1.22: no good answer for 2.4 s, 2.0 s on end (9 of 40 times it was asked)'],
    ])
    expect(record.stages.filter(({ details }) => details)).toHaveLength(1)
    expect(assembleRecord(green)).not.toHaveProperty('upgrades')
  })

  test('says which file each option comes from', () => {
    const customisationFrom = { healthPath: 'tests/cc-ci.recipe.ts' }
    const journal = green.journal.map((line) => (line.event === 'subject' ? { ...line, customisationFrom } : line))
    expect(assembleRecord({ ...green, journal }).customisationFrom).toEqual(customisationFrom)
  })

  test('of a run that goes on has neither verdict nor level, and judges only stages that have ended', () => {
    const record = assembleRecord({ ...green, state: 'running', endedAt: undefined, ended: new Set(['install']) })
    expect(runRecord.parse(record)).toEqual(record)
    expect(record).not.toHaveProperty('verdict')
    expect(record).not.toHaveProperty('level')
    expect(record.stages.map((stage) => stage.outcome)).toEqual(
      RUN_STAGES.map((stage) => (stage === 'install' || stage === 'lint' ? 'pass' : 'not run')),
    )
  })

  test('of a run without a journal is red: nothing shows that anything was deployed or removed', () => {
    const record = assembleRecord({ ...green, journal: [] })
    expect(record).toMatchObject({ verdict: 'red', blame: 'infrastructure' })
    expect(record.problems).toEqual([
      'lint: unverified (lint did not report)',
      'the run did not say how often it deployed',
      'teardown did not report',
    ])
  })

  test('of a limited run names the stages it was limited to and what that leaves unproven', () => {
    const record = assembleRecord({ ...green, limitedTo: ['install'] })
    expect(record).toMatchObject({ verdict: 'green', level: 1, limitedTo: ['install'] })
    expect(record.unproven).toEqual(RUN_STAGES.slice(1).map((stage) => `${stage}: not asked for`))
  })

  test('holds what lint says: warnings are told, errors make the run red without blocking anything', () => {
    const stageOf = (facts: RunFacts) => assembleRecord(facts).stages.at(-1)
    const { rules } = (lint('warn') as { report: { rules: object[] } }).report
    expect(stageOf(green)).toEqual({
      stage: 'lint',
      outcome: 'pass',
      reason: '1 warning: R002',
      durationMs: 40,
      tests: [],
      rules,
    })
    const journal = [...green.journal, ...at([lint('error')])]
    const red = assembleRecord({ ...green, journal })
    expect(red).toMatchObject({ verdict: 'red', blame: 'recipe', level: 4 })
    expect(red.problems).toEqual(['lint: fail (R002: compose.yml:3: no healthcheck)'])
    expect(red.stages.slice(0, -1).every(({ outcome }) => outcome === 'pass')).toBe(true)
  })

  test('of a run that was stopped before the recipe was read has lint blocked; of one of lint alone, says why', () => {
    const unknown = { name: 'UnknownVersionError', message: 'no such ref', blame: 'usage' as const }
    const [first] = green.tests
    if (!first) throw new Error('there are tests')
    const stopped = { ...green, tests: [{ ...first, state: 'failed' as const, errors: [unknown] }], journal: [] }
    expect(assembleRecord(stopped).stages.at(-1)).toMatchObject({
      outcome: 'blocked',
      reason: 'the recipe was not read',
    })
    const alone = assembleRecord({ ...stopped, limitedTo: ['lint'] })
    expect(alone).toMatchObject({ verdict: 'red', blame: 'usage' })
    expect(alone.problems).toEqual(['lint: unverified (UnknownVersionError: no such ref)'])
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
      return assembleRecord({ ...green, journal: at([subject, lint('warn'), ...events]) })
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

  test("takes up the recipe's own tests from the journal, with the places of their errors", () => {
    const error = { name: 'AssertionError', message: 'expected 200', place: 'tests/site.test.ts:4:3' }
    const own = at([
      { event: 'local-test', test: { name: 'answers', state: 'passed', startedAt: START, durationMs: 5, errors: [] } },
      { event: 'local-test', test: { name: 'run', state: 'failed', startedAt: START, durationMs: 9, errors: [error] } },
    ])
    const tests = green.tests.filter(({ stage }) => stage !== 'recipe-local')
    const record = assembleRecord({ ...green, tests, journal: [...green.journal, ...own] })
    expect(runRecord.parse(record)).toEqual(record)
    // It is no rung.
    expect(record).toMatchObject({ verdict: 'red', blame: 'recipe', level: 5 })
    expect(record.stages.find(({ stage }) => stage === 'recipe-local')).toMatchObject({
      outcome: 'fail',
      durationMs: 9,
      tests: [
        { name: 'answers', outcome: 'pass' },
        { name: 'run', outcome: 'fail', error },
      ],
    })
  })

  test('tells each warning once, however many deployments have given rise to it', () => {
    const warning = { event: 'warning', text: 'labels outside deploy:', at: 9 } as const
    const { warnings } = assembleRecord({ ...green, journal: [...green.journal, warning, warning] })
    expect(warnings).toEqual(['slow disk', 'labels outside deploy:'])
  })

  test('warns of a test that passed only when repeated', () => {
    const tests = green.tests.map((fact, index) => (index === 0 ? { ...fact, retries: 2 } : fact))
    expect(assembleRecord({ ...green, tests }).warnings).toContain('install: passed only after 2 repeats')
  })
})
