import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { strToU8, type Zippable, zipSync } from 'fflate'
import { describe, expect, test } from 'vitest'
import { redactFile, redactTree } from './files.ts'
import { Redactor } from './redactor.ts'
import { findSecret, SecretTooShortError } from './search.ts'
import { testFolder } from './test-folder.ts'
import { redactZip, UnreadableArchiveError, zipEntries } from './zip.ts'

const SECRET = 'correct horse'
const redactor = new Redactor()
redactor.learn(SECRET)

const inode = (file: string) => statSync(file).ino

describe('a file', () => {
  test('with a secret is replaced, and keeps its mode and the rest of its bytes', () => {
    using made = testFolder({})
    const file = join(made.folder, 'mixed.bin')
    const noise = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    writeFileSync(file, Buffer.concat([noise, Buffer.from(SECRET), noise]), { mode: 0o640 })
    expect(redactFile(file, redactor)).toBe(true)
    expect(readFileSync(file)).toEqual(Buffer.concat([noise, Buffer.from('***'), noise]))
    expect(statSync(file).mode & 0o777).toBe(0o640)
    expect(readdirSync(made.folder).sort()).toEqual(['mixed.bin', 'node_modules'])
  })

  test('without one is not touched', () => {
    using made = testFolder({ 'plain.txt': 'nothing', 'empty.txt': '' })
    for (const name of ['plain.txt', 'empty.txt']) {
      const file = join(made.folder, name)
      const before = inode(file)
      expect(redactFile(file, redactor)).toBe(false)
      expect(inode(file)).toBe(before)
    }
  })

  test('larger than what is read at once is filtered across its pieces', () => {
    using made = testFolder({})
    const file = join(made.folder, 'large.log')
    for (const inFirst of [0, 1, 6, SECRET.length - 1, SECRET.length]) {
      const before = 2 ** 20 - inFirst
      writeFileSync(file, `${'x'.repeat(before)}${SECRET}${'y'.repeat(2 ** 20)}`)
      expect(redactFile(file, redactor)).toBe(true)
      expect(readFileSync(file, 'utf8')).toBe(`${'x'.repeat(before)}***${'y'.repeat(2 ** 20)}`)
    }
  })
})

describe('a zip archive', () => {
  const picture = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 1, 2, 3)
  const entries: Zippable = {
    'a/log.json': strToU8(JSON.stringify({ a: [SECRET, encodeURIComponent(SECRET)] })),
    'picture.png': [picture, { level: 0 }],
    'inner.zip': zipSync({ 'deep.txt': strToU8(`is ${SECRET}`), 'other.txt': strToU8('other') }),
    [`named ${SECRET}.txt`]: strToU8(''),
  }

  test('is replaced by one without secrets, in entries, names and archives within', () => {
    using made = testFolder({})
    const file = join(made.folder, 'trace.zip')
    writeFileSync(file, zipSync(entries))
    expect(redactFile(file, redactor)).toBe(true)
    const found = zipEntries(readFileSync(file))
    expect(found.map(({ name, stored }) => [name, stored])).toEqual([
      ['a/log.json', false],
      ['picture.png', true],
      ['inner.zip', false],
      ['named ***.txt', false],
    ])
    expect(found[0]?.bytes.toString()).toBe('{"a":["***","***"]}')
    expect(found[1]?.bytes).toEqual(Buffer.from(picture))
    expect(zipEntries(found[2]?.bytes ?? Buffer.of()).map(({ bytes }) => bytes.toString())).toEqual(['is ***', 'other'])
  })

  test('without a secret is not touched', () => {
    using made = testFolder({})
    const file = join(made.folder, 'trace.zip')
    writeFileSync(file, zipSync({ 'a.txt': strToU8('nothing') }))
    const before = inode(file)
    expect(redactZip(file, redactor)).toBe(false)
    expect(inode(file)).toBe(before)
  })

  test('keeps no secret in its comment', () => {
    using made = testFolder({})
    const file = join(made.folder, 'trace.zip')
    const archive = Buffer.from(zipSync({ 'a.txt': strToU8('nothing') }))
    archive.writeUInt16LE(SECRET.length, archive.length - 2)
    writeFileSync(file, Buffer.concat([archive, Buffer.from(SECRET)]))
    expect(readFileSync(file).includes(SECRET)).toBe(true)
    expect(redactZip(file, redactor)).toBe(true)
    expect(readFileSync(file).includes(SECRET)).toBe(false)
    expect(zipEntries(readFileSync(file)).map(({ name }) => name)).toEqual(['a.txt'])
  })

  test('that cannot be read is told, and left as it is', () => {
    using made = testFolder({ 'broken.zip': 'PK\x03\x04 and nothing more' })
    const file = join(made.folder, 'broken.zip')
    expect(() => redactZip(file, redactor)).toThrow(UnreadableArchiveError)
    expect(() => findSecret(made.folder, SECRET)).toThrow(UnreadableArchiveError)
    expect(readFileSync(file, 'utf8')).toBe('PK\x03\x04 and nothing more')
  })
})

describe('a folder', () => {
  function folder() {
    const made = testFolder({ 'a.log': `is ${SECRET}`, 'b.log': 'nothing', 'outside.log': SECRET })
    const tree = join(made.folder, 'tree')
    mkdirSync(join(tree, 'deep'), { recursive: true })
    for (const name of ['a.log', 'b.log']) writeFileSync(join(tree, name), readFileSync(join(made.folder, name)))
    writeFileSync(join(tree, 'deep', 'trace.zip'), zipSync({ 'x.json': strToU8(JSON.stringify(`"${SECRET}"`)) }))
    symlinkSync(join(made.folder, 'outside.log'), join(tree, 'link.log'))
    symlinkSync(made.folder, join(tree, 'deep', 'up'))
    return { ...made, tree }
  }

  test('is searched and redacted below, and what its links point to is not', () => {
    using made = folder()
    const { tree } = made
    expect(findSecret(tree, SECRET).sort()).toEqual(['a.log', 'deep/trace.zip/x.json'])
    expect(redactTree(tree, redactor).sort()).toEqual([join(tree, 'a.log'), join(tree, 'deep/trace.zip')])
    expect(findSecret(tree, SECRET)).toEqual([])
    expect(redactTree(tree, redactor)).toEqual([])
    expect(readFileSync(join(made.folder, 'outside.log'), 'utf8')).toBe(SECRET)
    expect(readlinkSync(join(tree, 'link.log'))).toBe(join(made.folder, 'outside.log'))
  })

  test('with archives that cannot be read is redacted all the same, and they are named', () => {
    using made = folder()
    const broken = ['0.zip', 'z.zip'].map((name) => join(made.tree, name))
    for (const file of broken) writeFileSync(file, 'PK\x03\x04')
    expect(() => redactTree(made.tree, redactor)).toThrow(`Cannot look for secrets in ${broken.join(', ')}`)
    for (const file of broken) writeFileSync(file, '')
    expect(findSecret(made.tree, SECRET)).toEqual([])
  })

  test('a value in the name of a file is found; one that is too short to be looked for is refused', () => {
    using made = testFolder({ [`${SECRET}.txt`]: '' })
    chmodSync(join(made.folder, `${SECRET}.txt`), 0o400)
    expect(findSecret(made.folder, SECRET)).toEqual([`${SECRET}.txt`])
    expect(() => findSecret(made.folder, 'abc')).toThrow(SecretTooShortError)
  })
})
