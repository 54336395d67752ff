import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { checkDisk, checkMayStartEngine, DiskFullError } from './preflight.ts'
import { NotRootError } from './system.ts'

test('without an engine and without root, both ways out are told', () => {
  const refused = () => checkMayStartEngine('unix:///var/run/docker.sock', false)
  expect(refused).toThrow(NotRootError)
  expect(refused).toThrow('run this as root')
  expect(refused).toThrow('set DOCKER_HOST')
})

test('a disk that is nearly full is refused with the free and the needed bytes', () => {
  const needed = 2 ** 60
  expect(() => checkDisk(tmpdir(), needed)).toThrow(DiskFullError)
  expect(() => checkDisk(tmpdir(), needed)).toThrow(new RegExp(`\\d+ MB free \\(\\d+ bytes\\), .*${needed} bytes`))
  checkDisk(tmpdir(), 1)
})
