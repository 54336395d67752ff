import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkDisk, DiskFullError } from './disk.ts'

test('a disk that is nearly full is refused with the free and the wanted space', async () => {
  const error = await checkDisk(tmpdir(), 2 ** 60).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(DiskFullError)
  expect(String(error)).toMatch(/nearly full[\s\S]*\d+\.\d GB free, 1073741824\.0 GB wanted/)
})

test('a folder that is yet to be made counts as on the disk of the nearest one above it', async () => {
  await expect(checkDisk(join(tmpdir(), 'not', 'there'), 2 ** 60)).rejects.toThrow(DiskFullError)
  await checkDisk(join(tmpdir(), 'not', 'there'), 1)
})
