import { stripVTControlCharacters } from 'node:util'
import junit, { type Builder } from 'junit-report-builder'
import type { LintRule } from '../recipe/lint/report.ts'
import { lintLines } from './lint-text.ts'
import type { RunRecord, TestRecord } from './record.ts'

// The package's types say `exports.default`; what it really exports is the builder itself.
const builder = junit as unknown as Builder

/** Without colours, and without the control characters that XML 1.0 has no way to write, not even as entities. */
const printable = (text: string): string =>
  stripVTControlCharacters(text).replace(/[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')

/** All that lint has found, in place of a test's error. */
const lintError = (rules: LintRule[]): TestRecord['error'] => ({
  name: 'LintError',
  message: lintLines({ rules }, (_, text) => text).join('\n'),
})

/**
 * A run's record as JUnit XML: one suite per stage, its tests as cases. What is neither passed nor left out by right is a
 * failure or an error, never a skip; what speaks against the run as a whole is a case of a suite called `run`.
 */
export function junitXml(record: RunRecord): string {
  const report = builder.newBuilder()
  for (const stage of record.stages) {
    const suite = report
      .testSuite()
      .name(stage.stage)
      .timestamp(record.startedAt)
      .time(stage.durationMs / 1000)
    suite.property('outcome', stage.outcome)
    const cases: Pick<TestRecord, 'name' | 'outcome' | 'reason' | 'durationMs' | 'error'>[] = stage.tests.length
      ? stage.tests
      : [
          {
            name: stage.stage,
            outcome: stage.outcome,
            durationMs: 0,
            ...(stage.reason ? { reason: stage.reason } : {}),
            ...(stage.outcome === 'fail' && stage.rules ? { error: lintError(stage.rules) } : {}),
          },
        ]
    for (const test of cases) {
      const entry = suite
        .testCase()
        .className(`${record.recipe}.${stage.stage}`)
        .name(printable(test.name))
        .time(test.durationMs / 1000)
      const reason = printable(test.reason ?? test.outcome)
      if (test.outcome === 'fail') {
        entry.failure(reason, test.error?.name ?? 'Error').stacktrace(printable(test.error?.message ?? reason))
      } else if (test.outcome === 'unverified' || test.outcome === 'blocked') {
        entry.error(reason, test.outcome, printable(test.error?.message ?? reason))
      } else if (test.outcome !== 'pass') entry.skipped()
    }
  }
  const whole = report.testSuite().name('run').timestamp(record.startedAt)
  for (const [name, value] of Object.entries({
    id: record.id,
    verdict: record.verdict,
    version: record.version,
    mode: record.mode === 'quick' ? 'quick: lower confidence' : record.mode,
  })) {
    if (value !== undefined) whole.property(name, value)
  }
  const entry = whole
    .testCase()
    .className(`${record.recipe}.run`)
    .name(`verdict: ${record.verdict ?? 'none'}`)
  if (record.verdict !== 'green')
    entry.error(record.verdict ?? 'no verdict', 'run', printable(record.problems.join('\n')))
  return report.build()
}
