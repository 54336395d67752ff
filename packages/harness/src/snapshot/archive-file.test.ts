import { createHash, randomBytes } from 'node:crypto'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ArchiveFile, followFile, measureFile } from './archive-file.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cc-ci-archive-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test.for([0, 1, 2 ** 20 - 1, 2 ** 20, 2 ** 20 + 1, 40 * 2 ** 20 + 7])('%i bytes in odd pieces', async (length) => {
  const file = join(folder, 'archive')
  const bytes = randomBytes(length)
  const expected = { size: length, sha256: createHash('sha256').update(bytes).digest('hex') }
  {
    await using archive = await ArchiveFile.create(file)
    for (let at = 0, step = 1; at < length; at += step, step = (step * 3) % 100_003) {
      await archive.add(bytes.subarray(at, at + step))
    }
    expect(await archive.finish()).toEqual(expected)
  }
  expect(readFileSync(file).equals(bytes)).toBe(true)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(await measureFile(file, AbortSignal.timeout(60_000))).toEqual(expected)
})

test('a file that is there is not written over', async () => {
  writeFileSync(join(folder, 'archive'), 'old')
  await expect(ArchiveFile.create(join(folder, 'archive'))).rejects.toThrow('EEXIST')
})

test('a file that somebody else writes is followed to its end', async () => {
  const file = join(folder, 'archive')
  writeFileSync(file, '')
  const bytes = randomBytes(5 * 2 ** 20 + 3)
  const writing = Promise.withResolvers<void>()
  let at = 0
  const append = () => {
    appendFileSync(file, bytes.subarray(at, at + 2 ** 20))
    at += 2 ** 20
  }
  append()
  const looks: number[] = []
  // Each look finds more only once what there was has been read.
  const onGrowth = () => {
    looks.push(at)
    if (at < bytes.length) append()
    else writing.resolve()
  }
  const expected = { size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
  expect(await followFile(file, writing.promise, onGrowth)).toEqual(expected)
  expect(looks).toHaveLength(6)
})

test('what fails while it writes fails whoever follows', async () => {
  const file = join(folder, 'archive')
  writeFileSync(file, 'half')
  const writing = Promise.withResolvers<void>()
  const onGrowth = () => writing.reject(new Error('no room'))
  await expect(followFile(file, writing.promise, onGrowth)).rejects.toThrow('no room')
})
