import { z } from 'zod'

/** Something that a rule has found. */
export const lintFinding = z.object({
  what: z.string().describe('What is wrong, one sentence.'),
  file: z.string().optional().describe('Relative to the recipe.'),
  line: z.number().int().positive().optional(),
  todo: z.string().describe('What to do about it.'),
})

/** What one rule says of a recipe. */
export const lintRule = z.object({
  id: z.string().describe("R001… are abra's own rules, C001… are those of cc-ci."),
  level: z.enum(['error', 'warn']).describe('Findings of an error rule make lint fail.'),
  title: z.string(),
  outcome: z.enum(['satisfied', 'findings', 'skipped']),
  reason: z.string().optional().describe('Why the rule was skipped.'),
  findings: z.array(lintFinding),
})

/** What lint says of a recipe: every rule, in the order of their ids. */
export const lintReport = z.object({
  durationMs: z.number().nonnegative(),
  rules: z.array(lintRule),
})

export type LintFinding = z.infer<typeof lintFinding>
export type LintRule = z.infer<typeof lintRule>
export type LintReport = z.infer<typeof lintReport>
export type LintLevel = LintRule['level']

/** The rules of a level that have findings. */
export const brokenRules = (report: LintReport, level: LintLevel): LintRule[] =>
  report.rules.filter((rule) => rule.outcome === 'findings' && rule.level === level)

/** Where a finding is: `compose.yml:12`, or nothing. */
export const placeOf = ({ file, line }: LintFinding): string =>
  file === undefined ? '' : `${file}${line === undefined ? '' : `:${line}`}`

/** A finding in one line, without what to do. */
export function findingText(finding: LintFinding): string {
  const place = placeOf(finding)
  return place ? `${place}: ${finding.what}` : finding.what
}
