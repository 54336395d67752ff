import type { LintFinding } from './report.ts'
import { comparing, type LintContext, type Rule } from './rule.ts'
import { mentionsIn, mentionsOf } from './templates.ts'
import { entriesOf, type LintTree, lineMatching, textOf } from './tree.ts'

interface Config {
  key: string
  name: string
  template: string
  file: string
  line: number | undefined
  /** What it is made from, relative to the recipe, and its content. */
  source: string | undefined
  text: string | undefined
}

/** The configs that a stack makes, of every compose file. */
function configsOf(tree: LintTree, stack: string): Config[] {
  return entriesOf(tree.files, 'configs')
    .filter(({ data }) => !data.external)
    .map(({ key, data, raw, file, line }) => {
      const source = typeof data.file === 'string' ? data.file : undefined
      const text = source === undefined ? undefined : textOf(tree.dir, source, 'latin1')
      return {
        key,
        name: typeof data.name === 'string' ? data.name : `${stack}_${key}`,
        template: typeof raw.name === 'string' ? raw.name : '',
        file: file.file,
        line,
        source,
        text,
      }
    })
}

const versionsIn = ({ template }: Config): ReturnType<typeof mentionsOf> =>
  mentionsOf(template).filter(({ name }) => name !== 'STACK_NAME')

function vendored({ tree, stack }: LintContext): LintFinding[] {
  return configsOf(tree, stack).flatMap((config) =>
    versionsIn(config)
      .filter(({ name, fallback }) => fallback === undefined && tree.exports[name] === undefined)
      .map(({ name }) => ({
        what: `The config "${config.key}" takes its version from ${name}, which abra.sh does not export.`,
        file: config.file,
        line: config.line,
        todo: `Write in abra.sh: export ${name}=v1`,
      })),
  )
}

const unchangedNames = comparing(({ tree, stack }, base) => {
  const before = new Map(configsOf(base.tree, stack).map((config) => [config.name, config]))
  return configsOf(tree, stack).flatMap((config): LintFinding[] => {
    const old = before.get(config.name)
    if (old?.text === undefined || config.text === undefined || old.text === config.text) return []
    const variable = versionsIn(config).at(-1)?.name
    const value = variable === undefined ? undefined : tree.env[variable]
    return [
      {
        what: `${config.source} has changed since ${base.version}, and the config made from it is still called "${config.key}${value ? ` ${value}` : ''}".`,
        file: variable ? 'abra.sh' : config.file,
        line: variable ? lineMatching(abraSh(tree), new RegExp(`\\b${variable}=`)) : config.line,
        todo: variable
          ? `Bump ${variable} in abra.sh: swarm refuses to change a config, so every upgrade fails.`
          : 'Give the config a name with a version in it: swarm refuses to change one, so every upgrade fails.',
      },
    ]
  })
})

const abraSh = (tree: LintTree): string | undefined => textOf(tree.dir, 'abra.sh')

function exportsAgree({ tree }: LintContext): LintFinding[] {
  const mentions = mentionsIn(tree.files)
  const text = abraSh(tree)
  return Object.entries(tree.exports).flatMap(([name, value]): LintFinding[] => {
    if (!name.endsWith('_VERSION')) return []
    const own = mentions.filter((mention) => mention.name === name)
    const other = own.find(({ fallback }) => fallback !== undefined && fallback !== value)
    const line = lineMatching(text, new RegExp(`\\b${name}=`))
    if (own.length === 0) {
      const used = new RegExp(`\\$\\{?${name}\\b`).test(text ?? '')
      if (used) return []
      return [{ what: `${name} is used by no compose file.`, file: 'abra.sh', line, todo: 'Take it out.' }]
    }
    if (!other) return []
    return [
      {
        what: `${name} is ${other.fallback} where it is not set, and abra.sh says ${value}.`,
        file: other.file,
        line: other.line,
        todo: 'Take the default out: it hides a missing abra.sh, and nobody bumps it.',
      },
    ]
  })
}

export const configRules: Rule[] = [
  { id: 'R012', level: 'error', title: 'abra.sh exports the version of every config', check: vendored },
  { id: 'C001', level: 'error', title: 'a config whose content changed has a new version', check: unchangedNames },
  { id: 'C015', level: 'warn', title: 'abra.sh and the compose files agree', check: exportsAgree },
]
