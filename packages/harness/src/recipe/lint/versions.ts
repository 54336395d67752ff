import { parseVersion } from '../version.ts'
import type { LintFinding } from './report.ts'
import type { LintContext, Rule } from './rule.ts'
import { deployLabelsOf, type Entry, entriesOf } from './tree.ts'

interface VersionLabel {
  service: string
  value: string
  file: string
  line: number | undefined
}

/** The version labels of the default deployment, whatever service has them. */
function labels({ tree, stack }: LintContext): VersionLabel[] {
  const wanted = `coop-cloud.${stack}.version`
  const inDefault = entriesOf(tree.files, 'services').filter(({ file }) => file.isDefault)
  return inDefault.flatMap((entry) =>
    deployLabelsOf(entry)
      .filter(([key]) => key === wanted)
      .map(([, value, at]) => ({ service: entry.key, value: value.trim(), ...placeOf(entry, at) })),
  )
}

const placeOf = ({ file, path }: Entry, at: string | number): Pick<VersionLabel, 'file' | 'line'> => ({
  file: file.file,
  line: file.doc.lineOf([...path, 'deploy', 'labels', at]),
})

function readable(context: LintContext): LintFinding[] {
  const all = labels(context)
  const label = all.findLast(({ service }) => service === 'app')
  const todo = 'Write under deploy: labels: of app: coop-cloud.${STACK_NAME}.version=1.0.0+<upstream version>'
  if (!label) {
    const [other] = all
    if (!other) return [{ what: 'The service app has no version label.', todo }]
    const what = `The version label is on the service "${other.service}", and abra looks at "app".`
    return [{ what, file: other.file, line: other.line, todo: 'Move it to app.' }]
  }
  const { value, file, line } = label
  if (parseVersion(value)) return []
  return [
    { what: value ? `The version label "${value}" is no version.` : 'The version label is empty.', file, line, todo },
  ]
}

function sameAsTag(context: LintContext): LintFinding[] | { skipped: string } {
  const { tag } = context
  if (!tag) return { skipped: 'the commit under test is no published version' }
  const label = labels(context).findLast(({ service }) => service === 'app')
  if (!label?.value || label.value === tag.text) return []
  return [
    {
      what: `The tag says ${tag.text}, the label ${label.value}.`,
      file: label.file,
      line: label.line,
      todo: `Publish it with abra recipe sync and release, which write both; here the label must be ${tag.text}.`,
    },
  ]
}

export const versionRules: Rule[] = [
  {
    id: 'R014',
    level: 'error',
    title: 'only annotated tags are used for versions',
    check: ({ published }) =>
      published
        .filter(({ annotated }) => !annotated)
        .map(({ tag }) => ({
          what: `The tag ${tag} is not annotated, and abra refuses to deploy it.`,
          todo: `Make it anew: git tag --annotate --force ${tag} ${tag}^{commit}, and push it with --force.`,
        })),
  },
  { id: 'C003', level: 'error', title: 'the version label is the tag', check: sameAsTag },
  { id: 'C004', level: 'warn', title: 'app has a version label that can be read', check: readable },
]
