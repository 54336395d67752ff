import { join } from 'node:path'
import type { LintFinding } from './report.ts'
import { comparing, type LintContext, type Rule } from './rule.ts'
import { textOf } from './tree.ts'

/** What the release notes of the version under test tell operators. */
function releaseNotes({ tree, tag }: LintContext): string {
  return [...(tag ? [tag.text] : []), 'next'].map((name) => textOf(tree.dir, join('release', name)) ?? '').join('\n')
}

/** What the default deployment of the base has and that of the version under test has not, unless operators are told. */
const dropped = (kind: 'services' | 'volumes', say: (key: string, version: string) => Omit<LintFinding, 'file'>) =>
  comparing((context, base) => {
    const [before, now] = [base.tree.view, context.tree.view]
    if (!before) return { skipped: `the compose files of ${base.version} cannot be loaded` }
    if (!now) return { skipped: 'the compose files cannot be loaded (R009)' }
    const notes = releaseNotes(context)
    return Object.keys(before[kind])
      .filter((key) => !Object.hasOwn(now[kind], key) && !notes.includes(key))
      .map((key) => say(key, base.version))
  })

export const droppedRules: Rule[] = [
  {
    id: 'C011',
    level: 'warn',
    title: 'no service is dropped without a word',
    check: dropped('services', (key, version) => ({
      what: `The service "${key}" of ${version} is gone: it stays running after an upgrade, since abra does not prune.`,
      todo: 'Tell operators in release/<version> to remove it (docker service rm), naming it.',
    })),
  },
  {
    id: 'C012',
    level: 'warn',
    title: 'no volume is dropped without a word',
    check: dropped('volumes', (key, version) => ({
      what: `The volume "${key}" of ${version} is gone: what is in it is out of reach after an upgrade.`,
      todo: 'Keep its name, or tell operators in release/<version> how to move what is in it, naming it.',
    })),
  },
]
