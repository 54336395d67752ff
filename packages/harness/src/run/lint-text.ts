import { brokenRules, findingText, type LintReport } from '../recipe/lint/report.ts'
import type { RunRecord } from './record.ts'
import type { Paint } from './text.ts'

/** What lint has found as a person reads it: each finding, and what to do about it; nothing where there is none. */
export function lintLines(report: Pick<LintReport, 'rules'>, paint: Paint): string[] {
  return (['error', 'warn'] as const).flatMap((level) =>
    brokenRules({ durationMs: 0, ...report }, level).flatMap(({ id, findings }) =>
      findings.flatMap((finding) => [
        `    ${level === 'error' ? paint('red', '✗') : paint('yellow', '!')} ${id} ${findingText(finding)}`,
        paint('dim', `           ${finding.todo}`),
      ]),
    ),
  )
}

/** The findings of lint in a run, below the stage's name; nothing where it has none. */
export function lintSection({ stages }: Pick<RunRecord, 'stages'>, paint: Paint): string[] {
  const rules = stages.find(({ stage }) => stage === 'lint')?.rules ?? []
  const lines = lintLines({ rules }, paint)
  return lines.length > 0 ? [`  ${paint('bold', 'lint')}`, ...lines] : []
}
