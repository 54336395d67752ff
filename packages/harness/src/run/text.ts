import { styleText } from 'node:util'
import type { RunRecord, StageRecord, TestRecord, UpgradeRecord } from './record.ts'
import { type RunStage, STAGES, type StageOutcome } from './stages.ts'
import { TEARDOWN_SILENT } from './verdict.ts'

/** Puts a text in a colour, or leaves it as it is where colours are not wanted. */
export type Paint = (format: Parameters<typeof styleText>[0], text: string) => string

/** Colours for `stream`, by Node's own rules: a terminal, NO_COLOR, FORCE_COLOR. */
export const paintFor =
  (stream: NodeJS.WritableStream): Paint =>
  (format, text) =>
    styleText(format, text, { stream })

/** A duration for a person: `40 ms`, `0.4 s`, `12.3 s`, `2 min 05 s`. */
export function took(ms: number): string {
  if (ms < 95) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`
}

/** For how long an app gave no good answer while it was upgraded. */
export function upgradeText({ from, to, completed, downtimeMs, longestMs, looks, failed }: UpgradeRecord): string {
  const what = `${from} → ${to}${completed ? '' : ' (which failed)'}`
  if (failed === 0) return `${what}: a good answer each of the ${looks} times it was asked`
  const longest = longestMs === downtimeMs ? '' : `, ${took(longestMs)} on end`
  return `${what}: no good answer for ${took(downtimeMs)}${longest} (${failed} of ${looks} times it was asked)`
}

/** Every line of `text` behind `margin`. */
export const indent = (text: string, margin: string): string => text.replace(/^/gm, margin)

const LOOK: Record<StageOutcome, { sign: string; format: Parameters<typeof styleText>[0] }> = {
  pass: { sign: '✓', format: 'green' },
  fail: { sign: '✗', format: 'red' },
  blocked: { sign: '■', format: 'yellow' },
  'not applicable': { sign: '–', format: 'dim' },
  unverified: { sign: '?', format: 'yellow' },
  'not run': { sign: '–', format: 'dim' },
}

/** An outcome's sign, in its colour. */
export const signOf = (outcome: StageOutcome, paint: Paint): string => paint(LOOK[outcome].format, LOOK[outcome].sign)

/** One test as a line: its sign, name and time, and why it did not pass unless an error below says so. */
export function judgedLine(test: TestRecord, stage: RunStage, paint: Paint): string {
  const time = test.durationMs > 0 || test.outcome === 'pass' ? paint('dim', ` ${took(test.durationMs)}`) : ''
  const why = test.error || !test.reason ? '' : paint('dim', `  ${test.outcome}: ${test.reason}`)
  // Suites are often called like the stage, which stands above already.
  const name = test.name.startsWith(`${stage} > `) ? test.name.slice(stage.length + 3) : test.name
  return `    ${signOf(test.outcome, paint)} ${name}${time}${why}`
}

/** A reason that fits into a table; the whole of it stands with its test and in the record. */
const shortened = (reason: string): string => (reason.length > 120 ? `${reason.slice(0, 119)}…` : reason)

/** How wide the stages' names are. */
const NAMES = Math.max(...STAGES.map((stage) => stage.length))

function stageRow(stage: StageRecord, width: number, paint: Paint): string {
  const { sign, format } = LOOK[stage.outcome]
  const outcome = paint(format, `${sign} ${stage.outcome}`.padEnd(width))
  const time = stage.durationMs > 0 ? took(stage.durationMs) : ''
  return `  ${stage.stage.padEnd(NAMES)} ${outcome}  ${time.padStart(11)}  ${shortened(stage.reason ?? '')}`.trimEnd()
}

function teardownRow({ teardown, problems, state, kept }: RunRecord, width: number, paint: Paint): string {
  if (kept) return `  ${'teardown'.padEnd(NAMES)} ${paint('yellow', '■ kept'.padEnd(width))}               ${kept.url}`
  if (!teardown && !problems.includes(TEARDOWN_SILENT))
    return `  ${'teardown'.padEnd(NAMES)} ${paint('dim', state === 'running' ? '– not yet' : '– nothing to remove')}`
  const format = teardown?.clean ? 'green' : 'red'
  const outcome = !teardown ? '✗ not reported' : teardown.clean ? '✓ clean' : '✗ left'
  const time = teardown ? took(teardown.durationMs) : ''
  const row = `  ${'teardown'.padEnd(NAMES)} ${paint(format, outcome.padEnd(width))}  ${time.padStart(11)}`
  return `${row}  ${teardown?.left.join(', ') ?? ''}`.trimEnd()
}

const VERDICT_LOOK = { green: '✓', red: '✗', interrupted: '■' } as const

/** What a run that was to be quick worked on, or why it was a cold one. */
export function quickText({ quick }: Pick<RunRecord, 'quick'>): string[] {
  if (quick?.cold !== undefined) return [`a quick run was asked for, and this is a cold one: ${quick.cold}`]
  if (!quick?.canonical) return []
  const { version, commit, upgraded } = quick.canonical
  const how = upgraded ? 'upgraded' : 'which is at the version under test already, so nothing was upgraded'
  return [`on the canonical ${version} (${commit.slice(0, 7)}), ${how}; its known-good stays as it was`]
}

/** What is said of a stage stands in the table already. */
const beyondStages = (texts: readonly string[], { stages }: RunRecord): string[] =>
  texts.filter((text) => !stages.some(({ stage }) => text.startsWith(`${stage}: `)))

/** The end of a run as a person reads it: the stages, the verdict, what speaks against green, where the report is. */
export function runSummary(record: RunRecord, folder: string, lastTotal: number | undefined, paint: Paint): string[] {
  const verdict = record.verdict ?? 'interrupted'
  const width = Math.max(14, ...record.stages.map((stage) => stage.outcome.length + 2))
  const facts = [
    record.mode === 'quick' ? 'quick: lower confidence' : undefined,
    `level ${record.level ?? 0} of 5`,
    record.deployments ? `${record.deployments.counted} of ${record.deployments.planned} deployments` : undefined,
    record.durationMs === undefined ? undefined : took(record.durationMs),
    lastTotal === undefined ? undefined : `last time ${took(lastTotal)}`,
    record.limitedTo ? `only ${record.limitedTo.join(', ')}` : undefined,
    record.blame && record.blame !== 'recipe' ? `not the recipe's doing (${record.blame})` : undefined,
  ].filter((fact) => fact !== undefined)
  const quickLines = quickText(record).map((text) => paint('yellow', `    ${text}`))
  const keptLines = record.kept
    ? [
        `    kept until ${record.kept.until}: ${record.kept.url}`,
        `    end it before: cc-ci janitor --end-kept ${record.kept.stack}`,
      ]
    : []
  const title = paint(['bold', verdict === 'green' ? 'green' : 'red'], `${VERDICT_LOOK[verdict]} ${verdict}`)
  return [
    '',
    paint('dim', `  ${'stage'.padEnd(NAMES)} ${'outcome'.padEnd(width)}  ${'time'.padStart(11)}  reason`),
    ...record.stages.map((stage) => stageRow(stage, width, paint)),
    teardownRow(record, width, paint),
    '',
    `  ${title} · ${[`${record.recipe} ${record.version ?? ''}`.trim(), ...facts].join(' · ')}`,
    ...beyondStages(record.problems, record).map((problem) => paint('red', `    ${problem}`)),
    ...quickLines,
    ...keptLines,
    ...beyondStages(record.unproven, record).map((what) => paint('dim', `    not proven: ${what}`)),
    ...record.warnings.map((warning) => paint('yellow', `    warning: ${warning.split('\n')[0]}`)),
    ...(verdict === 'green'
      ? []
      : record.evidence.map(({ file, caption }) => `    evidence: ${folder}/${file} (${caption})`)),
    `  report: ${folder}/run.json`,
    '',
  ]
}
