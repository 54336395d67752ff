import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cloneRecipe, type RecipeCheckout } from '../../recipe/checkout.ts'
import { testRepository } from '../../recipe/test-repository.ts'
import type { EngineApp, Target } from '../engine.ts'
import { AbraError } from './errors.ts'
import { checkTree } from './tree.ts'

let folder: string
let checkout: RecipeCheckout
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cc-ci-tree-'))
  const files = { 'compose.yml': 'services: {}' }
  const recipe = await testRepository(join(folder, 'origin'), 'sample', { version: '1.0.0+1', files }, { files: {} })
  checkout = await cloneRecipe({ recipe, sources: [], into: join(folder, 'clone') })
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const app = () => ({ recipe: 'sample', checkout }) as EngineApp
const target = async (ref: string): Promise<Target> => ({ ...(await checkout.checkout(ref)), version: '1.0.0+1' })

test('a tree as it was checked out is clean, and one with our own copies is dirty', async () => {
  const one = await target('1.0.0+1')
  expect(await checkTree(app(), one, ['.cc-ci.0.yml'])).toBe(false)
  await writeFile(join(checkout.dir, '.cc-ci.0.yml'), 'copy')
  expect(await checkTree(app(), one, ['.cc-ci.0.yml'])).toBe(true)
})

test.each([
  ['another new file', 'compose.stray.yml'],
  ['a changed file of the recipe', 'compose.yml'],
])('%s is not accepted as ours', async (_, file) => {
  const one = await target('1.0.0+1')
  await writeFile(join(checkout.dir, '.cc-ci.0.yml'), 'copy')
  await writeFile(join(checkout.dir, file), 'services: {x: {}}')
  const error = await checkTree(app(), one, ['.cc-ci.0.yml']).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(AbraError)
  expect(String(error)).toContain(file)
})

test('a tree that was moved is noticed', async () => {
  const one = await target('1.0.0+1')
  await target('main')
  await expect(checkTree(app(), one, [])).rejects.toThrow(`not what was to be deployed, ${one.commit.slice(0, 8)}`)
})
