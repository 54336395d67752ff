import type { LintFinding } from './report.ts'
import { comparing, type LintContext, type Rule } from './rule.ts'
import { type Mention, mentionsIn } from './templates.ts'
import type { LintTree } from './tree.ts'

/** What abra sets for every app. */
const GIVEN = new Set(['STACK_NAME', 'TYPE', 'RECIPE'])

/** The variables that the default deployment needs and that have no default, each once. */
function needed(tree: LintTree): Mention[] {
  const open = mentionsIn(tree.files.filter(({ isDefault }) => isDefault)).filter(
    ({ name, fallback }) => fallback === undefined && !GIVEN.has(name) && tree.exports[name] === undefined,
  )
  return [...new Map(open.toReversed().map((mention) => [mention.name, mention])).values()].toReversed()
}

const newOnes = comparing(({ tree }, base) => {
  const known = new Set(mentionsIn(base.tree.files).map(({ name }) => name))
  return needed(tree)
    .filter(({ name }) => !known.has(name) && base.tree.sample.values[name] === undefined)
    .map(({ name, file, line }) => ({
      what: `${name} is new since ${base.version} and has no default: it is empty for every app that exists.`,
      file,
      line,
      todo: `Give it a default, such as \${${name}:-…}, or tell operators in release/ to set it first.`,
    }))
})

function unsaid({ tree }: LintContext): LintFinding[] | { skipped: string } {
  if (tree.text === undefined) return { skipped: 'there is no .env.sample (R008)' }
  const said = new Set([...tree.sample.lines, ...tree.sample.commented].map(({ key }) => key))
  // Those of secrets are C008's.
  const files = tree.files.filter(({ isDefault }) => isDefault)
  const ofSecrets = new Set(mentionsIn(files, ['secrets']).map(({ name }) => name))
  return needed(tree)
    .filter(({ name }) => !said.has(name) && !ofSecrets.has(name))
    .map(({ name, file, line }) => ({
      what: `${name} is needed and .env.sample does not mention it.`,
      file,
      line,
      todo: `Add ${name}= to .env.sample, or give it a default: \${${name}:-…}.`,
    }))
}

export const variableRules: Rule[] = [
  { id: 'C002', level: 'warn', title: 'new variables have a default', check: newOnes },
  { id: 'C007', level: 'warn', title: '.env.sample mentions every variable that is needed', check: unsaid },
]
