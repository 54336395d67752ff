import { join } from 'node:path'
import { run } from '../process/run.ts'

/** One commit of a test's recipe. */
export interface TestCommit {
  /** Its version, which its tag is called; without one there is no tag. */
  version?: string
  /** Default: annotated. */
  tag?: 'annotated' | 'lightweight'
  /** The files that change, by their paths; `undefined` deletes one. */
  files: Record<string, string | undefined>
}

const BRANCH = 'refs/heads/main'
const data = (text: string): string => `data ${Buffer.byteLength(text)}\n${text}\n`

/** A commit and its tag in the language of `git fast-import`. */
function imported({ version, tag = 'annotated', files }: TestCommit, index: number): string {
  const who = `t <t@example.org> ${1_700_000_000 + index} +0000\n`
  const message = data(version === undefined ? 'a change' : `chore: publish ${version} release`)
  const changes = Object.entries(files).map(([path, text]) =>
    text === undefined ? `D ${path}\n` : `M 100644 inline ${path}\n${data(text)}`,
  )
  const commit = `commit ${BRANCH}\ncommitter ${who}${message}${changes.join('')}\n`
  if (version === undefined) return commit
  if (tag === 'lightweight') return `${commit}reset refs/tags/${version}\nfrom ${BRANCH}\n\n`
  return `${commit}tag ${version}\nfrom ${BRANCH}\ntagger ${who}${message}`
}

/** Makes the git repository of a recipe, `<folder>/<name>`, with these commits on its branch `main`, and returns its path. */
export async function testRepository(folder: string, name: string, ...commits: TestCommit[]): Promise<string> {
  const path = join(folder, name)
  await run('git', ['init', '--quiet', '--bare', '--initial-branch=main', path])
  await run('git', ['fast-import', '--quiet'], { cwd: path, input: commits.map(imported).join('') })
  return path
}
