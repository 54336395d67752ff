import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hashOf, hashOfFolder } from './files.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cc-ci-files-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('the content hash of a folder', () => {
  beforeEach(() => {
    mkdirSync(join(folder, 'sub'))
    writeFileSync(join(folder, 'sub', 'a.txt'), 'a')
  })

  test('is the same for the same content', () => {
    const before = hashOfFolder(folder)
    writeFileSync(join(folder, 'sub', 'a.txt'), 'a')
    expect(hashOfFolder(folder)).toBe(before)
  })

  test('changes with a content, a name and the executable bit', () => {
    const hashes = new Set([hashOfFolder(folder)])
    chmodSync(join(folder, 'sub', 'a.txt'), 0o755)
    hashes.add(hashOfFolder(folder))
    writeFileSync(join(folder, 'sub', 'a.txt'), 'b')
    hashes.add(hashOfFolder(folder))
    renameSync(join(folder, 'sub', 'a.txt'), join(folder, 'sub', 'b.txt'))
    hashes.add(hashOfFolder(folder))
    expect(hashes.size).toBe(4)
  })

  test('leaves out what is not wanted', () => {
    const before = hashOfFolder(folder)
    writeFileSync(join(folder, 'a.test.ts'), 'test')
    expect(hashOfFolder(folder, (name) => !name.endsWith('.test.ts'))).toBe(before)
  })
})

test('a hash of parts tells where one ends and the next begins', () => {
  expect(hashOf('ab', 'c')).not.toBe(hashOf('a', 'bc'))
})
