import type { LintFinding } from './report.ts'
import type { LintContext, Rule } from './rule.ts'
import { entriesOf, type LintTree } from './tree.ts'

/** The version of the compose format that abra expects. */
const VERSION = '3.8'

/** Services to which no compose file gives an image. */
function imageless({ files }: LintTree): LintFinding[] {
  const services = entriesOf(files, 'services')
  const withImage = new Set(services.filter(({ data }) => data.image).map(({ key }) => key))
  return services
    .filter(({ key }, index) => !withImage.has(key) && services.findIndex((other) => other.key === key) === index)
    .map(({ key, file, line }) => ({
      what: `The service "${key}" has no image.`,
      file: file.file,
      line,
      todo: 'Name the image it runs, with its tag.',
    }))
}

function versions({ tree }: LintContext): LintFinding[] {
  return tree.files
    .filter(({ doc }) => String(doc.data.version ?? '') !== VERSION)
    .map(({ file, doc }) => ({
      what: doc.data.version === undefined ? 'There is no version.' : `The version is "${doc.data.version}".`,
      file,
      line: doc.lineOf(['version']),
      todo: `Write version: "${VERSION}" at the top.`,
    }))
}

function loadable({ tree }: LintContext): LintFinding[] {
  const faults = tree.faults
    // R011 has its own words for it.
    .filter(({ message }) => !message.includes('(R011)'))
    .map(
      (fault): LintFinding => ({
        what: (fault.told.happened.split('\n')[0] ?? '').replace(`${place(fault)}: `, ''),
        file: fault.file,
        line: fault.line,
        todo: fault.told.todo ?? 'Mend it: nobody can deploy the recipe as it is.',
      }),
    )
  if (faults.length > 0) return faults
  const named = entriesOf(tree.files, 'services').some(({ key, file }) => key === 'app' && file.isDefault)
  return named ? [] : [{ what: 'No service is named "app".', todo: 'Name the service that serves the app "app".' }]
}

const place = ({ file, line }: { file: string; line: number | undefined }): string =>
  line === undefined ? file : `${file}:${line}`

export const composeRules: Rule[] = [
  { id: 'R001', level: 'warn', title: `compose files have version ${VERSION}`, check: versions },
  { id: 'R009', level: 'error', title: 'compose files load, with a service named app', check: loadable },
  { id: 'R011', level: 'error', title: 'all services have images', check: ({ tree }) => imageless(tree) },
]
