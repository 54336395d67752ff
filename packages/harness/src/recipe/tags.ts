import type { Git } from './git.ts'
import { compareVersions, parseVersion, type RecipeVersion } from './version.ts'

/** A version that the recipe's repository has a tag for. */
export interface PublishedVersion extends RecipeVersion {
  tag: string
  commit: string
  /** abra refuses to deploy a version whose tag is not annotated (lint rule R014). */
  annotated: boolean
}

const FORMAT = '--format=%(refname:strip=2)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)'

/** The commit a tag leads to; `undefined` where it leads to a file or a tree. */
async function peel(git: Git, type: string, object: string): Promise<string | undefined> {
  if (type === 'commit') return object
  if (type !== 'tag') return undefined
  // A tag of a tag: git before 2.45 peels one level only.
  const [commit] = (await git('rev-list', '--max-count=1', '--ignore-missing', object)).split('\n')
  return commit || undefined
}

/** Reads a repository's tags: recipe versions in ascending order, and the names of all others. Tags of tags are peeled. */
export async function readTags(git: Git): Promise<{ published: PublishedVersion[]; ignoredTags: string[] }> {
  const published: PublishedVersion[] = []
  const ignoredTags: string[] = []
  for (const line of (await git('for-each-ref', FORMAT, 'refs/tags')).split('\n').filter(Boolean)) {
    const [tag = '', type = '', object = '', peeledType = '', peeled = ''] = line.split('\0')
    const annotated = type === 'tag'
    const version = parseVersion(tag)
    const commit = version && (await (annotated ? peel(git, peeledType, peeled) : peel(git, type, object)))
    if (version && commit) published.push({ ...version, tag, commit, annotated })
    else ignoredTags.push(tag)
  }
  return { published: published.sort(compareVersions), ignoredTags }
}
