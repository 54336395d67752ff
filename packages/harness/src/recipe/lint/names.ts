import { MAX_NAME_LENGTH } from '../name-limit.ts'
import type { LintFinding } from './report.ts'
import type { LintContext, Rule } from './rule.ts'
import { entriesOf } from './tree.ts'

/** The longest stack name that abra makes of a domain; unconfirmed, see abra.md §2.4. */
const LONGEST_STACK = 45

interface Named {
  kind: string
  name: string
  file: string
  line: number | undefined
}

/** The names of what swarm limits: services, secrets and configs of every compose file. */
function names({ tree, stack }: LintContext): Named[] {
  return (['services', 'secrets', 'configs'] as const).flatMap((section) =>
    entriesOf(tree.files, section).map(({ key, data, file, line }) => ({
      kind: `${section.slice(0, -1)} name`,
      name: section !== 'services' && typeof data.name === 'string' ? data.name : `${stack}_${key}`,
      file: file.file,
      line,
    })),
  )
}

function tooLong(context: LintContext, lengthOf: (name: string) => number, with_: string): LintFinding[] {
  return names(context)
    .filter(({ name }) => lengthOf(name) > MAX_NAME_LENGTH)
    .map(({ kind, name, file, line }) => ({
      what: `The ${kind} ${name.replace(context.stack, '<stack>')} has ${lengthOf(name)} characters${with_}; swarm takes ${MAX_NAME_LENGTH}.`,
      file,
      line,
      todo: 'Give it a shorter key.',
    }))
}

/** With the longest stack name instead of this run's. */
const longest = (stack: string) => (name: string) =>
  name.startsWith(`${stack}_`) ? name.length - stack.length + Math.max(stack.length, LONGEST_STACK) : 0

export const nameRules: Rule[] = [
  {
    id: 'C009',
    level: 'error',
    title: `names have at most ${MAX_NAME_LENGTH} characters`,
    check: (context) => tooLong(context, (name) => name.length, ''),
  },
  {
    id: 'C010',
    level: 'warn',
    title: `names have at most ${MAX_NAME_LENGTH} characters for a long domain, too`,
    check: (context) => {
      const here = new Set(tooLong(context, (name) => name.length, '').map(({ file, line }) => `${file}:${line}`))
      const there = tooLong(context, longest(context.stack), ` when a domain is as long as it may be`)
      return there.filter(({ file, line }) => !here.has(`${file}:${line}`))
    },
  },
]
