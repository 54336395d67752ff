import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { envOf, type RecipeOptions } from './options.ts'
import { RecipeOptionsError, ShippedOptionsError } from './options-error.ts'
import { resolveOptions } from './options-in-force.ts'
import { loadOptions } from './options-load.ts'
import { SHIPPED_OPTIONS, shippedLimits } from './shipped-options.ts'

const FIXTURES = join(import.meta.dirname, '../../../fixtures')

let root: string
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'ccci-shipped-')))
})
afterEach(() => rmSync(root, { recursive: true }))

/** Resolves the options of a recipe whose checkout has these files. */
function resolve(files: Record<string, string>, suite: RecipeOptions = {}) {
  const tree = join(root, 'small')
  for (const [name, text] of Object.entries({ '.git/HEAD': 'x', 'compose.yml': '', ...files })) {
    mkdirSync(join(tree, name, '..'), { recursive: true })
    writeFileSync(join(tree, name), text)
  }
  const limits = shippedLimits({ deployTimeout: 600, httpTimeout: 300, useTimeout: 600 })
  return resolveOptions({ suite, tree, copy: join(root, 'copy'), packages: { '@cc-ci/fixtures': FIXTURES }, limits })
}

const shipped = (body: string) => ({ [SHIPPED_OPTIONS]: `export default { ${body} }\n` })

const refusal = async (files: Record<string, string>, suite?: RecipeOptions): Promise<Error> => {
  const error = await resolve(files, suite).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(ShippedOptionsError)
  expect(error).toMatchObject({ blame: 'recipe' })
  return error as Error
}

describe('the options in force', () => {
  test("are the suite's alone where the recipe ships none, and nothing is copied", async () => {
    const suite: RecipeOptions = { plan: 'single', env: { A: 'b' } }
    expect(await resolve({}, suite)).toEqual({
      options: suite,
      origins: { plan: 'recipe.ts', env: 'recipe.ts' },
      overruled: [],
    })
    expect(existsSync(join(root, 'copy'))).toBe(false)
  })

  test('are those that the recipe ships, with what they import: fixtures by name, files by path', async () => {
    const { options, origins } = await resolve({
      'tests/health.ts': `export const path: string = '/healthz'\n`,
      [SHIPPED_OPTIONS]: `
        import { defineRecipe, type RecipeOptions } from '@cc-ci/fixtures/recipe'
        import { path } from './health.ts'
        const options: RecipeOptions = { health: { path }, env: (domain) => ({ SANDBOX: 'sandbox-' + domain }) }
        export default defineRecipe(options)`,
    })
    expect(options.health).toEqual({ path: '/healthz' })
    expect(envOf(options.env, 'a.b')).toEqual({ SANDBOX: 'sandbox-a.b' })
    expect(origins).toEqual({ health: SHIPPED_OPTIONS, env: SHIPPED_OPTIONS })
  })

  test('are key by key those of the suite, where both say something', async () => {
    const files = shipped(`plan: 'single', env: { A: 'shipped', B: 'shipped' }, timeouts: { http: 9000 }`)
    expect(await resolve(files, { timeouts: { deploy: 60 }, env: { A: 'suite' } })).toEqual({
      options: { plan: 'single', env: { A: 'suite' }, timeouts: { deploy: 60 } },
      origins: { plan: SHIPPED_OPTIONS, env: 'recipe.ts', timeouts: 'recipe.ts' },
      overruled: ['timeouts', 'env'],
    })
  })

  test('outlive the checkout, which moves on to other versions: an overlay is a file of a copy', async () => {
    const overlay = { 'tests/compose.ccci.yml': 'services: {}\n', ...shipped(`overlay: 'compose.ccci.yml'`) }
    const { options } = await resolve(overlay)
    rmSync(join(root, 'small'), { recursive: true })
    expect(options.overlay).toBe(join(root, 'copy/small/tests/compose.ccci.yml'))
    expect(existsSync(options.overlay ?? '')).toBe(true)
    expect(existsSync(join(root, 'copy/small/.git'))).toBe(false)
  })
})

describe("what a recipe ships is the recipe's doing", () => {
  test.each([
    ['an unknown key', shipped('helth: {}'), /no option "helth"[\s\S]*nearest is "health"/],
    ['a value that cannot be', shipped(`plan: 'quick'`), /plan is "quick"/],
    ['no options at all', { [SHIPPED_OPTIONS]: 'export const plan = 1' }, /what it exports is undefined/],
    ['a file that throws', { [SHIPPED_OPTIONS]: `throw new Error('no luck')` }, /cannot be loaded[\s\S]*no luck/],
    ['a file that does not parse', { [SHIPPED_OPTIONS]: 'export default {{' }, /cannot be loaded[\s\S]*last seen: \S/],
    [
      'an import that is not there',
      { [SHIPPED_OPTIONS]: `import './gone.ts'\nexport default {}` },
      /cannot be loaded[\s\S]*gone\.ts/,
    ],
    ['an overlay that is not there', shipped(`overlay: 'no.yml'`), /overlay names .*no\.yml, which does not exist/],
    ['a weight, which comes too late', shipped('weight: 2'), /weight comes too late[\s\S]*packages\/recipes/],
    [
      'more time than the runner gives',
      shipped('timeouts: { deploy: 1801 }'),
      /timeouts\.deploy is 1801, and at most 1800[\s\S]*CCCI_DEPLOY_TIMEOUT/,
    ],
    ['more time for answers', shipped('timeouts: { http: 301 }'), /timeouts\.http is 301, and at most 300/],
  ])('%s', async (_, files, message) => {
    const error = await refusal(files)
    expect(error.message).toMatch(message)
    expect(error.message.startsWith(`${SHIPPED_OPTIONS}: `)).toBe(true)
    // Where this machine keeps its copy is of no use to who has written the file.
    if (!/overlay/.test(error.message)) expect(error.message).not.toContain(root)
  })

  test('also what a function of it does when it is asked', async () => {
    const { options } = await resolve(shipped(`env: () => ({ PORT: 80 }), upgradeEnv: () => { throw new Error('no') }`))
    const ask = (option: RecipeOptions['env']) => () => envOf(option, 'a.b')
    expect(ask(options.env)).toThrow(ShippedOptionsError)
    expect(ask(options.env)).toThrow(/tests\/cc-ci\.recipe\.ts: env\("a\.b"\): PORT is 80/)
    expect(ask(options.upgradeEnv)).toThrow(/upgradeEnv\("a\.b"\) threw\.[\s\S]*no/)
  })

  test('and as much time as the runner gives may be had', async () => {
    const { options } = await resolve(shipped('timeouts: { deploy: 1800, http: 300, settle: 900 }'))
    expect(options.timeouts).toEqual({ deploy: 1800, http: 300, settle: 900 })
  })
})

test("a suite's recipe.ts that cannot be loaded is refused by its path, and is who runs cc-ci's doing", async () => {
  const file = join(root, 'recipe.ts')
  writeFileSync(file, `throw new Error('no luck')`)
  const error = await loadOptions(file).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(RecipeOptionsError)
  expect(error).not.toBeInstanceOf(ShippedOptionsError)
  expect(error).toMatchObject({ blame: 'usage' })
  expect(String(error)).toContain(`${file}: it cannot be loaded.`)
  expect(String(error)).toContain('no luck')
})
