import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { releaseNotes } from './release-notes.ts'
import { parseVersion, type RecipeVersion } from './version.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ccci-notes-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

function write(notes: Record<string, string>): void {
  mkdirSync(join(dir, 'release'), { recursive: true })
  for (const [name, text] of Object.entries(notes)) writeFileSync(join(dir, 'release', name), text)
}

const version = (text: string) => parseVersion(text) as RecipeVersion
const told = async (from: string, to: string) =>
  (await releaseNotes(dir, version(from), version(to))).map((note) => `${note.file}: ${note.text}`)

test('an upgrade crosses the notes after its base and up to its end, in the order of the versions', async () => {
  write({
    '1.9.0+1': 'old',
    '1.10.0+2-social': '\nten\n\n',
    '2.0.0+3': 'Migrate by hand:\n1. stop',
    '1.9.1+1': 'nine',
    '2.1.0+3': 'later',
  })
  expect(await told('1.9.0+1', '2.0.0+3')).toEqual([
    'release/1.9.1+1: nine',
    'release/1.10.0+2-social: ten',
    'release/2.0.0+3: Migrate by hand:\n1. stop',
  ])
  expect(await told('2.0.0+3', '1.9.0+1')).toEqual([])
  expect(await told('2.1.0+3', '2.1.0+3')).toEqual([])
})

test('the note of the next version comes last, also when the label was not moved yet', async () => {
  write({ next: 'soon', '1.1.0+1': 'one' })
  expect(await told('1.0.0+1', '1.1.0+1')).toEqual(['release/1.1.0+1: one', 'release/next: soon'])
  expect(await told('1.1.0+1', '1.1.0+1')).toEqual(['release/next: soon'])
  expect((await releaseNotes(dir, version('1.1.0+1'), version('1.1.0+1')))[0]?.version).toBeUndefined()
  expect(await told('1.2.0+1', '1.1.0+1')).toEqual([])
})

test('a recipe may have none, and what is no note is passed over', async () => {
  expect(await told('1.0.0+1', '2.0.0+1')).toEqual([])
  write({ 'README.md': 'x', v1: 'x', '1.1.0': 'x', '1.2.0+1': ' \n' })
  mkdirSync(join(dir, 'release/1.3.0+1'))
  expect(await told('1.0.0+1', '2.0.0+1')).toEqual([])
})

test('a link out of the recipe is not followed', async () => {
  const secret = join(dir, 'elsewhere')
  writeFileSync(secret, 'not the recipe’s')
  write({})
  symlinkSync(secret, join(dir, 'release/1.1.0+1'))
  expect(await told('1.0.0+1', '2.0.0+1')).toEqual([])
  const recipe = join(dir, 'recipe')
  mkdirSync(recipe)
  symlinkSync(join(dir, 'release'), join(recipe, 'release'))
  write({ '1.2.0+1': 'x' })
  expect(await releaseNotes(recipe, version('1.0.0+1'), version('2.0.0+1'))).toEqual([])
})
