import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { run } from '@cc-ci/harness'

/** A version that a test publishes on top of one of a sample recipe. */
export interface NextVersion {
  version: string
  /** Changes to its files, by their paths; a file that is not there is empty before. */
  change?: Record<string, (text: string) => string>
}

/** A repository of a test's own with versions of a sample recipe, some of them broken on purpose. */
export class TestRecipe {
  /** The folder that holds the repository: a source of recipes. */
  readonly folder: string
  readonly #origin: string
  readonly #path: string

  /** @param origin the sample's repository. */
  constructor(folder: string, origin: string, name: string) {
    this.folder = folder
    this.#origin = origin
    this.#path = join(folder, name)
  }

  /** From now on the versions up to `base` are published, and `next` after it. */
  async publish(base: string, next?: NextVersion): Promise<void> {
    rmSync(this.#path, { recursive: true, force: true })
    mkdirSync(this.folder, { recursive: true })
    await run('git', ['clone', '--quiet', this.#origin, this.#path])
    await this.#git('reset', '--quiet', '--hard', base)
    const later = (await this.#git('tag', '--no-merged', 'HEAD')).split('\n').filter(Boolean)
    if (later.length > 0) await this.#git('tag', '--delete', ...later)
    if (!next) return
    const { version, change = {} } = next
    this.#edit('compose.yml', (text) => text.replaceAll(`.version=${base}`, `.version=${version}`))
    for (const [file, edit] of Object.entries(change)) this.#edit(file, edit)
    await this.#git('add', '--all', '--force')
    await this.#git('commit', '--quiet', '-m', `chore: publish ${version} release`)
    await this.#git('tag', '--annotate', version, '-m', `chore: publish ${version} release`)
  }

  #edit(file: string, edit: (text: string) => string): void {
    const path = join(this.#path, file)
    mkdirSync(dirname(path), { recursive: true })
    let before = ''
    try {
      before = readFileSync(path, 'utf8')
    } catch {}
    const after = edit(before)
    if (after === before) throw new Error(`nothing was changed in ${file}`)
    writeFileSync(path, after)
  }

  async #git(...args: string[]): Promise<string> {
    const who = ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'commit.gpgsign=false']
    return (await run('git', [...who, ...args], { cwd: this.#path })).stdout
  }
}
