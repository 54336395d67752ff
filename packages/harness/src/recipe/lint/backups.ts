import { backupSpec } from '../backup-labels.ts'
import type { LintFinding } from './report.ts'
import type { LintContext, Rule } from './rule.ts'

function warnings({ tree }: LintContext): LintFinding[] | { skipped: string } {
  if (!tree.view) return { skipped: 'the compose files cannot be loaded (R009)' }
  const spec = backupSpec(tree.view)
  if (!spec) return { skipped: 'no service has backupbot.backup' }
  // Labels outside deploy: are C013's.
  return spec.warnings
    .filter((text) => !text.includes('outside deploy:'))
    .map((what) => ({ what, todo: 'Mend the label: what it means is not what is backed up.' }))
}

export const backupRules: Rule[] = [
  { id: 'C014', level: 'warn', title: 'backup labels say what they mean', check: warnings },
]
