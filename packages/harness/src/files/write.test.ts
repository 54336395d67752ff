import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeAtomically } from './write.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cc-ci-write-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const modeOf = (file: string) => statSync(file).mode & 0o777

test('a file is replaced whole, with the folders it needs, and nothing is left beside it', () => {
  const file = join(folder, 'deep', 'file')
  writeAtomically(file, 'one')
  writeAtomically(file, [Buffer.from('tw'), Buffer.from('o')])
  expect(readFileSync(file, 'utf8')).toBe('two')
  expect(readdirSync(join(folder, 'deep'))).toEqual(['file'])
})

test('a file has the mode that was asked for, and keeps it when it is replaced', () => {
  const file = join(folder, 'key')
  writeAtomically(file, 'one', 0o600)
  writeAtomically(file, 'two')
  expect(modeOf(file)).toBe(0o600)
  writeAtomically(join(folder, 'open'), 'text')
  expect(modeOf(join(folder, 'open'))).toBe(0o666 & ~process.umask())
})

test('what cannot be written leaves the old and nothing beside it', () => {
  mkdirSync(join(folder, 'taken'))
  expect(() => writeAtomically(join(folder, 'taken'), 'text')).toThrow()
  expect(existsSync(join(folder, 'taken'))).toBe(true)
  expect(readdirSync(folder)).toEqual(['taken'])
})
