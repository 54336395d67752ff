import type { LintFinding } from './report.ts'
import type { LintContext, Rule } from './rule.ts'
import { type Entry, entriesOf } from './tree.ts'

/** Tags that are moved to whatever is newest. */
const MOVING = /^(latest|nightly|edge|main|master|develop|dev|unstable|rolling)$/i

/** A version, whatever stands around it: `1.22.1`, `v3.6.15`, `15-alpine`, `2.1.0-php8.3`. */
const VERSIONED = /(^|[-_.])v?\d+(\.\d+)*([-_.+a-z]|$)/i

interface Image {
  entry: Entry
  name: string
  tag: string | undefined
  digest: boolean
}

/** The images that compose files name, taken apart. */
function images({ tree }: LintContext): Image[] {
  return entriesOf(tree.files, 'services').flatMap((entry): Image[] => {
    const { image } = entry.data
    if (typeof image !== 'string' || image === '') return []
    const [name = '', digest] = image.split('@')
    // A colon before the last slash is a registry's port.
    const tag = /:([^/:]+)$/.exec(name)?.[1]
    return [{ entry, name: image, tag, digest: digest !== undefined }]
  })
}

const finding = ({ entry, name }: Image, what: string, todo: string): LintFinding => ({
  what: `${entry.key}: ${name} ${what}`,
  file: entry.file.file,
  line: entry.file.doc.lineOf([...entry.path, 'image']),
  todo,
})

export const imageRules: Rule[] = [
  {
    id: 'R003',
    level: 'warn',
    title: 'all images use a tag',
    check: (context) =>
      images(context)
        .filter(({ tag, digest }) => tag === undefined && !digest)
        .map((image) => finding(image, 'has no tag.', 'Add the tag of a version, so that everybody runs the same.')),
  },
  {
    id: 'R004',
    level: 'warn',
    title: 'no image uses a tag that moves',
    check: (context) =>
      images(context)
        .filter(({ tag, digest }) => tag !== undefined && MOVING.test(tag) && !digest)
        .map((image) => finding(image, 'is another image each time.', 'Use the tag of a version.')),
  },
  {
    id: 'R005',
    level: 'warn',
    title: 'image tags look like versions',
    check: (context) =>
      images(context)
        .filter(({ tag }) => tag !== undefined && !MOVING.test(tag) && !VERSIONED.test(tag))
        .map((image) =>
          finding(image, 'has a tag that is no version.', 'abra cannot tell what is newer: use a tag such as 1.2.3.'),
        ),
  },
]
