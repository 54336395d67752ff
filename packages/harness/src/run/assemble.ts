import { hostname } from 'node:os'
import { stripVTControlCharacters } from 'node:util'
import type { LintReport } from '../recipe/lint/report.ts'
import type { ErrorFact, TestFact } from './facts.ts'
import type { JournalEvent, JournalLine } from './journal.ts'
import { judgeStages, judgeTest, type StageJudgement } from './judge.ts'
import { levelOf } from './level.ts'
import { judgeLint } from './lint-stage.ts'
import {
  RECORD_VERSION,
  type RunRecord,
  type RunState,
  type StageRecord,
  type TestRecord,
  type UpgradeRecord,
} from './record.ts'
import { RECIPE_LOCAL, type RunStage, type Stage, type StageOutcome } from './stages.ts'
import { upgradeText } from './text.ts'
import { judgeRun } from './verdict.ts'

/** All that is known of a run: what the runner saw of its tests, and what the run itself wrote down. */
export interface RunFacts {
  id: string
  recipe: string
  ref?: string | undefined
  pr?: string | undefined
  limitedTo?: readonly RunStage[] | undefined
  /** It works on a canonical; known before it has said so itself. */
  quick?: boolean | undefined
  state: RunState
  /** Milliseconds since 1970. */
  startedAt: number
  endedAt?: number | undefined
  tests: readonly TestFact[]
  fileErrors: readonly ErrorFact[]
  unhandledErrors: readonly ErrorFact[]
  journal: readonly JournalLine[]
  /** Stages whose tests have all ended, while the run is running. */
  ended?: ReadonlySet<Stage> | undefined
}

type EventOf<Name extends JournalEvent['event']> = Extract<JournalLine, { event: Name }>

const pick = <Name extends JournalEvent['event']>(journal: readonly JournalLine[], name: Name): EventOf<Name>[] =>
  journal.filter((line): line is EventOf<Name> => line.event === name)

const iso = (at: number): string => new Date(at).toISOString()

/** A step that is told again goes on. */
const isSameStep = (line: JournalLine, before: JournalLine | undefined): boolean =>
  line.event === 'step' && before?.event === 'step' && line.text === before.text

/** Each step lasted until the next one, or until something was done. */
function steps(journal: readonly JournalLine[]): RunRecord['steps'] {
  const marks = journal
    .filter((line) => line.event === 'step' || line.event === 'done' || line.event === 'teardown')
    .filter((line, index, all) => !isSameStep(line, all[index - 1]))
  return marks.flatMap((line, index): RunRecord['steps'] => {
    if (line.event === 'done') return [{ text: line.text, kind: 'done', at: iso(line.at), durationMs: line.durationMs }]
    const next = marks[index + 1]
    if (line.event !== 'step' || !next) return []
    return [{ text: line.text, kind: 'step', at: iso(line.at), durationMs: Math.max(0, next.at - line.at) }]
  })
}

const errorRecord = ({ name, message, place }: ErrorFact): TestRecord['error'] => ({
  name,
  message,
  ...(place ? { place } : {}),
})

/** A test as it stands in the record. In a stage that was not asked for, only failures count. */
export function testRecord(test: TestFact, stageOutcome?: StageOutcome): TestRecord {
  const [error] = test.errors
  const left = stageOutcome === 'not run' && test.state !== 'failed'
  const { outcome, reason } = left ? { outcome: 'not run' as const } : judgeTest(test)
  return {
    name: test.name,
    outcome,
    ...(reason ? { reason } : {}),
    durationMs: test.durationMs,
    ...(error ? { error: errorRecord(error) } : {}),
  }
}

/** What all upgrades of a run came to, in their order. */
const upgradesOf = (journal: readonly JournalLine[]): UpgradeRecord[] =>
  pick(journal, 'upgrade').map(({ event: _, at: __, ...upgrade }) => upgrade)

/** What was measured in a stage, in words. */
const detailsOf = (stage: Stage, journal: readonly JournalLine[]): string[] =>
  stage === 'upgrade' ? upgradesOf(journal).map(upgradeText) : []

function stageRecord(judgement: StageJudgement, tests: readonly TestFact[], details: string[]): StageRecord {
  const own = tests.filter((test) => test.stage === judgement.stage)
  const ran = own.flatMap((test) =>
    test.startedAt === undefined ? [] : [[test.startedAt, test.startedAt + test.durationMs]],
  )
  const span = Math.max(...ran.map(([, end = 0]) => end)) - Math.min(...ran.map(([start = 0]) => start))
  return {
    stage: judgement.stage,
    outcome: judgement.outcome,
    ...(judgement.reason ? { reason: judgement.reason } : {}),
    durationMs: ran.length > 0 ? Math.max(0, span) : 0,
    ...(details.length > 0 ? { details } : {}),
    tests: own.map((test) => testRecord(test, judgement.outcome)),
  }
}

function lintRecord({ stage, outcome, reason }: StageJudgement, said: LintReport | undefined): StageRecord {
  const report = outcome === 'not run' ? undefined : said
  return {
    stage,
    outcome,
    ...(reason ? { reason } : {}),
    durationMs: report?.durationMs ?? 0,
    tests: [],
    ...(report ? { rules: report.rules } : {}),
  }
}

/** What all teardowns of a run said together; `undefined` when none did. */
export function teardownOf(journal: readonly JournalLine[]): RunRecord['teardown'] {
  const events = pick(journal, 'teardown')
  if (events.length === 0) return undefined
  return {
    clean: events.every((event) => event.clean),
    left: events.flatMap((event) => event.left),
    durationMs: events.reduce((sum, event) => sum + event.durationMs, 0),
  }
}

/** The deployments of all sessions of a run; of sessions whose differences make up for one another, the first that differs. */
function deploymentsOf(journal: readonly JournalLine[]): RunRecord['deployments'] {
  const events = pick(journal, 'deployments')
  if (events.length === 0) return undefined
  const sum = (of: 'counted' | 'planned') => events.reduce((total, event) => total + event[of], 0)
  const all = { counted: sum('counted'), planned: sum('planned') }
  const odd = all.counted === all.planned && events.find(({ counted, planned }) => counted !== planned)
  return odd ? { counted: odd.counted, planned: odd.planned } : all
}

const UNPROVEN_BY_SINGLE = [
  'plan single: a fresh install at the version under test',
  'plan single: a restore into a fresh deployment',
]

const UNPROVEN_BY_QUICK = [
  'quick: a fresh install at the version under test (the install tests saw the canonical, upgraded)',
]

function unproven(plan: RunRecord['plan'], stages: readonly StageJudgement[]): string[] {
  const left = stages.filter((stage) => stage.outcome === 'not run').map((stage) => `${stage.stage}: not asked for`)
  if (plan === 'quick') return [...UNPROVEN_BY_QUICK, ...left]
  return plan === 'single' ? [...UNPROVEN_BY_SINGLE, ...left] : left
}

/** What a run that was to be quick worked on, or why it was not. */
function quickOf(journal: readonly JournalLine[]): NonNullable<RunRecord['quick']> {
  const said = pick(journal, 'quick').at(-1)
  if (!said) return {}
  return 'cold' in said ? { cold: said.cold } : { canonical: said.canonical }
}

/** The tests of the recipe's own, which no runner of this run has seen. */
const localTests = (journal: readonly JournalLine[]): TestFact[] =>
  pick(journal, 'local-test').map(({ test }) => ({ ...test, stage: RECIPE_LOCAL }))

/** A file that was kept again, for the next failed test of a stage, is as it was kept last. */
const eachFileOnce = <Line extends { file: string }>(lines: readonly Line[]): Line[] => [
  ...new Map(lines.map((line) => [line.file, line])).values(),
]

/** In a run that goes on, only stages that have ended are judged. */
const pendingStage = (stage: RunStage): StageJudgement => ({ stage, outcome: 'not run' })

const reasons = (events: { stage: Stage; reason: string }[]): Map<Stage, string> =>
  new Map(events.map(({ stage, reason }) => [stage, reason]))

/** Each once, however often a deployment has given rise to it. */
function warnings({ journal }: RunFacts, tests: readonly TestFact[]): string[] {
  return [
    ...new Set(pick(journal, 'warning').map((event) => stripVTControlCharacters(event.text).trim())),
    ...tests
      .filter((test) => test.state === 'passed' && test.retries)
      .map((test) => `${test.name}: passed only after ${test.retries} repeats`),
  ]
}

/**
 * Makes a run's record from all that is known of it. While the run is running, stages that have not ended are `not run`
 * and there is neither verdict nor level.
 */
export function assembleRecord(facts: RunFacts): RunRecord {
  const { journal, limitedTo, state } = facts
  const tests = [...facts.tests, ...localTests(journal)]
  const running = state === 'running'
  const tested = judgeStages({
    tests,
    notApplicable: reasons(pick(journal, 'not-applicable')),
    unverified: reasons(pick(journal, 'unverified')),
    limitedTo,
    fileErrors: facts.fileErrors,
  })
  const report = pick(journal, 'lint').at(-1)?.report
  const ended = new Set<RunStage>([...(facts.ended ?? []), ...(report ? (['lint'] as const) : [])])
  const judged = [...tested, judgeLint({ report, limitedTo, stages: tested, tests })].map((judgement) =>
    running && !ended.has(judgement.stage) ? pendingStage(judgement.stage) : judgement,
  )
  const subject = pick(journal, 'subject').at(-1)
  const teardown = teardownOf(journal)
  const deployments = deploymentsOf(journal)
  const upgrades = upgradesOf(journal)
  const kept = pick(journal, 'kept').at(-1)
  const judgement = judgeRun({
    stages: judged,
    limitedTo,
    teardown,
    kept: kept && `the failed app is kept until ${iso(kept.until)}`,
    deployments,
    deploymentsSeen: pick(journal, 'deployment').length,
    fileErrors: facts.fileErrors,
    unhandledErrors: facts.unhandledErrors,
    interrupted: state === 'interrupted',
  })
  const ref = subject?.ref ?? facts.ref
  const quick = quickOf(journal)
  return {
    schemaVersion: RECORD_VERSION,
    id: facts.id,
    recipe: subject?.recipe ?? facts.recipe,
    ...(subject ? { version: subject.version, commit: subject.commit } : {}),
    ...(subject?.base === undefined ? {} : { base: subject.base }),
    ...(ref === undefined ? {} : { ref }),
    ...(facts.pr === undefined ? {} : { pr: facts.pr }),
    mode: facts.quick || quick.canonical ? 'quick' : 'cold',
    ...(quick.canonical || quick.cold !== undefined ? { quick } : {}),
    ...(subject ? { plan: subject.plan, domain: subject.domain, stack: subject.stack } : {}),
    host: hostname(),
    pid: process.pid,
    startedAt: iso(facts.startedAt),
    ...(facts.endedAt === undefined
      ? {}
      : { endedAt: iso(facts.endedAt), durationMs: Math.max(0, facts.endedAt - facts.startedAt) }),
    state,
    ...(limitedTo ? { limitedTo: [...limitedTo] } : {}),
    stages: judged.map((stage) =>
      stage.stage === 'lint' ? lintRecord(stage, report) : stageRecord(stage, tests, detailsOf(stage.stage, journal)),
    ),
    ...(running ? {} : { verdict: judgement.verdict, level: levelOf(outcomesOf(judged)) }),
    ...(running || !judgement.blame ? {} : { blame: judgement.blame }),
    problems: running ? [] : judgement.problems,
    unproven: unproven(subject?.plan, running ? [] : judged),
    ...(deployments ? { deployments } : {}),
    ...(teardown ? { teardown } : {}),
    ...(kept ? { kept: { until: iso(kept.until), url: kept.url, stack: kept.stack } } : {}),
    evidence: eachFileOnce(pick(journal, 'evidence')).map(({ stage, kind, file, caption }) => ({
      ...(stage ? { stage } : {}),
      kind,
      file,
      caption,
    })),
    ...(upgrades.length > 0 ? { upgrades } : {}),
    quirks: subject?.quirks ?? [],
    customisation: subject?.customisation ?? {},
    ...(subject?.customisationFrom ? { customisationFrom: subject.customisationFrom } : {}),
    warnings: warnings(facts, tests),
    steps: steps(journal),
  }
}

/** The outcomes of stages by name, as `levelOf` takes them. */
export const outcomesOf = (
  stages: readonly Pick<StageRecord, 'stage' | 'outcome'>[],
): Partial<Record<RunStage, StageRecord['outcome']>> =>
  Object.fromEntries(stages.map(({ stage, outcome }) => [stage, outcome]))
