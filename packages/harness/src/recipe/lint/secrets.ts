import type { LintFinding } from './report.ts'
import type { LintContext, Rule } from './rule.ts'
import { mentionsOf } from './templates.ts'
import { type Entry, entriesOf } from './tree.ts'

/** Longer ones leave no room for a stack's name in the 64 characters that swarm takes. */
const LONGEST = 12

const secretsOf = ({ tree }: LintContext): Entry[] => entriesOf(tree.files, 'secrets')

function versions(context: LintContext): LintFinding[] | { skipped: string } {
  const { sample, text } = context.tree
  if (text === undefined) return { skipped: 'there is no .env.sample (R008)' }
  return secretsOf(context).flatMap(({ key, raw, data, file, line }): LintFinding[] => {
    if (!file.isDefault || !data.external || typeof raw.name !== 'string') return []
    const variable = mentionsOf(raw.name).findLast(({ name }) => name.endsWith('_VERSION'))?.name
    if (variable === undefined || sample.lines.some((one) => one.key === variable)) return []
    const commented = sample.commented.some((one) => one.key === variable)
    return [
      {
        what: commented
          ? `The secret "${key}" needs ${variable}, whose line in .env.sample is commented out.`
          : `The secret "${key}" needs ${variable}, which .env.sample does not set.`,
        file: file.file,
        line,
        todo: commented ? 'Take the "#" away: abra does not read that line.' : `Add ${variable}=v1 # length=32.`,
      },
    ]
  })
}

export const secretRules: Rule[] = [
  {
    id: 'R015',
    level: 'warn',
    title: `secret names have at most ${LONGEST} characters`,
    check: (context) =>
      secretsOf(context)
        .filter(({ key }) => key.length > LONGEST)
        .map(({ key, file, line }) => ({
          what: `The secret's name "${key}" has ${key.length} characters.`,
          file: file.file,
          line,
          todo: 'Shorten it: with a long domain before it, swarm refuses it.',
        })),
  },
  { id: 'C008', level: 'error', title: '.env.sample has the version of every secret', check: versions },
]
