import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'

const repository = join(import.meta.dirname, '../..')

const CONFIG = `
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { recipeProject } from '@cc-ci/fixtures/project'
const recipes = join(import.meta.dirname, 'packages', 'recipes')
const options = (name) => (name === 'generic' ? { recipe: process.env.CCCI_RECIPE } : {})
export default {
  test: {
    projects: await Promise.all(
      readdirSync(recipes).map((name) => recipeProject({ root: join(recipes, name), ...options(name) })),
    ),
  },
}
`

/** A checkout of cc-ci with suites of a test's own, and a folder of recipes of its own. */
export class TestRoot implements Disposable {
  /** All that this makes is in there. */
  readonly folder: string
  readonly root: string
  /** Repositories of recipes, by their names. */
  readonly sources: string

  constructor() {
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), 'ccci-sweep-')))
    this.root = join(this.folder, 'root')
    this.sources = join(this.folder, 'recipes')
    mkdirSync(this.sources)
    this.write('package.json', JSON.stringify({ version: '0.0.0', type: 'module' }))
    this.write('vitest.config.ts', CONFIG)
    symlinkSync(join(repository, 'node_modules'), join(this.root, 'node_modules'))
    mkdirSync(join(this.root, 'packages', 'recipes'), { recursive: true })
    for (const name of ['harness', 'fixtures']) {
      symlinkSync(join(repository, 'packages', name), join(this.root, 'packages', name))
    }
    cpSync(join(repository, 'packages/recipes/generic'), join(this.root, 'packages/recipes/generic'), {
      recursive: true,
    })
  }

  /** Writes a file of the checkout. */
  write(path: string, text: string): void {
    const file = join(this.root, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }

  /** A suite, with what its `recipe.ts` says. */
  suite(recipe: string, options: string, tests = ''): void {
    this.write(`packages/recipes/${recipe}/recipe.ts`, `export default ${options}\n`)
    this.write(`packages/recipes/${recipe}/${recipe}.test.ts`, tests)
  }

  /** Publishes the next version of a recipe, with files of it. */
  async publish(recipe: string, version: string, files: Record<string, string>): Promise<void> {
    const folder = join(this.sources, recipe)
    mkdirSync(folder, { recursive: true })
    const git = (...args: string[]) =>
      execa('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.org', ...args], { cwd: folder })
    await git('init', '--quiet')
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    await git('add', '--all')
    await git('commit', '--quiet', '--allow-empty', '-m', version)
    await git('tag', '-a', version, '-m', version)
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
