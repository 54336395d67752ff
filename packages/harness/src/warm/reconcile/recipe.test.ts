import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { UnknownRecipeError } from '../../recipe/source.ts'
import { testRepository } from '../../recipe/test-repository.ts'
import { keepRecipe, NeverFetchedError } from './recipe.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cc-ci-kept-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const source = () => join(folder, 'source')
const keep = (fetch: boolean, lastGood?: string) =>
  keepRecipe({ recipe: 'app', settings: { recipeSources: [source()] }, folder: join(folder, 'kept'), fetch, lastGood })

async function publish(...versions: { version: string; text: string }[]): Promise<void> {
  rmSync(source(), { recursive: true, force: true })
  await testRepository(source(), 'app', ...versions.map(({ version, text }) => ({ version, files: { file: text } })))
}

const V1 = { version: '1.0.0+1', text: 'one' }
const V2 = { version: '1.1.0+1', text: 'two' }

test('a recipe is fetched anew each time, or taken as it was fetched last', async () => {
  await publish(V1)
  expect((await keep(true)).checkout.published.map(({ text }) => text)).toEqual(['1.0.0+1'])
  await publish(V1, V2)
  expect((await keep(false)).checkout.published.map(({ text }) => text)).toEqual(['1.0.0+1'])
  const { checkout, warning } = await keep(true)
  expect(checkout.published.map(({ text }) => text)).toEqual(['1.0.0+1', '1.1.0+1'])
  expect(warning).toBeUndefined()
  expect(checkout.dir).toBe(join(folder, 'kept', 'recipes', 'app'))
})

test('one that cannot be fetched is taken as it was fetched last, and that is said', async () => {
  await publish(V1)
  await keep(true)
  rmSync(source(), { recursive: true })
  const { checkout, warning } = await keep(true)
  expect(warning).toMatch(/^taken as it was fetched last: /)
  await checkout.checkout('1.0.0+1')
  expect(readFileSync(join(checkout.dir, 'file'), 'utf8')).toContain('one')
})

test('one that was never fetched cannot be taken so', async () => {
  await expect(keep(false)).rejects.toThrow(NeverFetchedError)
  await expect(keep(true)).rejects.toThrow(UnknownRecipeError)
})

test('the commit to go back to stays, even when its tag was moved more than once', async () => {
  await publish(V1)
  const lastGood = (await keep(true)).checkout.published[0]?.commit ?? ''
  for (const text of ['moved', 'moved again']) {
    await publish({ ...V1, text })
    const { checkout } = await keep(true, lastGood)
    expect(checkout.published[0]?.commit).not.toBe(lastGood)
    expect((await checkout.checkout(lastGood)).commit).toBe(lastGood)
    expect(readFileSync(join(checkout.dir, 'file'), 'utf8')).toContain('one')
  }
})
