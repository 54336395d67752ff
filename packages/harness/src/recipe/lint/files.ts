import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { nearest } from '../source.ts'
import type { LintFinding } from './report.ts'
import type { LintContext, Rule } from './rule.ts'
import { type LintTree, lineMatching, textOf } from './tree.ts'

/** The fields of the README's metadata, which the catalogue shows. */
const METADATA = ['Category', 'Status', 'Image', 'Healthcheck', 'Backups', 'Email', 'Tests', 'SSO']

function readme({ tree }: LintContext): LintFinding[] {
  const file = 'README.md'
  const text = textOf(tree.dir, file)
  if (text === undefined) return [{ what: 'There is no README.md.', todo: 'Add one with the metadata block.' }]
  const block = /<!--\s*metadata\s*-->([\s\S]*?)<!--\s*endmetadata\s*-->/.exec(text)?.[1]
  if (block === undefined) {
    const todo = 'Add <!-- metadata --> … <!-- endmetadata --> with a line for each field.'
    return [{ what: 'There is no metadata block.', file, todo }]
  }
  const values = new Map(
    [...block.matchAll(/^\s*[-*]\s*\*\*([^*:]+):?\*\*:?[ \t]*(.*)$/gm)].map(([, field = '', value = '']) => [
      field.trim(),
      value.trim(),
    ]),
  )
  const open = METADATA.filter((field) => !values.get(field))
  if (open.length === 0) return []
  const line = lineMatching(text, /<!--\s*metadata\s*-->/)
  return [{ what: `These fields are not filled in: ${open.join(', ')}.`, file, line, todo: 'Fill them in.' }]
}

function sampleIsThere({ tree }: LintContext): LintFinding[] {
  if (tree.text !== undefined) return []
  const elsewhere = readdirSync(tree.dir).find((name) => {
    const path = join(tree.dir, name)
    return name !== '.git' && statSync(path).isDirectory() && existsSync(join(path, '.env.sample'))
  })
  const seen = elsewhere ? ` (there is one in ${elsewhere}/, where nothing looks for it)` : ''
  return [{ what: `There is no .env.sample${seen}.`, todo: 'Add one: abra makes an app’s .env from it.' }]
}

function recipeType({ tree, recipe }: LintContext): LintFinding[] | { skipped: string } {
  if (tree.text === undefined) return { skipped: 'there is no .env.sample (R008)' }
  const file = '.env.sample'
  const type = tree.sample.values.TYPE ?? tree.sample.values.RECIPE
  if (type === undefined) {
    return [{ what: 'There is no TYPE.', file, todo: `Write TYPE=${recipe}: abra finds an app's recipe by it.` }]
  }
  const [name = ''] = type.split(':')
  if (name === recipe) return []
  return [
    {
      what: `TYPE is "${name}", and the recipe's repository is called "${recipe}".`,
      file,
      line: lineMatching(tree.text, /^\s*(export\s+)?(TYPE|RECIPE)\s*=/),
      todo: `Write TYPE=${recipe}: abra looks for a recipe of that name.`,
    },
  ]
}

function composeFiles(tree: LintTree, lines: LintTree['sample']['lines'], pattern: RegExp): LintFinding[] {
  const there = tree.files.map(({ file }) => file)
  const wanted = lines
    .filter(({ key }) => key === 'COMPOSE_FILE')
    .flatMap(({ value }) => value.split(':'))
    .filter((file) => file !== '' && !existsSync(join(tree.dir, file)))
  return [...new Set(wanted)].map((missing) => {
    const [close] = nearest(missing, there)
    return {
      what: `COMPOSE_FILE names ${missing}, which is not there.`,
      file: '.env.sample',
      line: lineMatching(tree.text, pattern),
      todo: close ? `The nearest: ${close}. Mend the line or take it out.` : 'Mend the line or take it out.',
    }
  })
}

export const fileRules: Rule[] = [
  { id: 'R007', level: 'warn', title: "the README's metadata is filled in", check: readme },
  { id: 'R008', level: 'error', title: '.env.sample is provided', check: sampleIsThere },
  { id: 'C005', level: 'warn', title: "TYPE in .env.sample is the recipe's name", check: recipeType },
  {
    id: 'C006',
    level: 'error',
    title: 'compose files that .env.sample uses are there',
    check: ({ tree }) => composeFiles(tree, tree.sample.lines, /^\s*(export\s+)?COMPOSE_FILE\s*=/),
  },
  {
    id: 'C016',
    level: 'warn',
    title: 'compose files that .env.sample offers are there',
    check: ({ tree }) => composeFiles(tree, tree.sample.commented, /^\s*#.*COMPOSE_FILE\s*=/),
  },
]
