import { expect, test } from 'vitest'
import { checkMayStartEngine } from './preflight.ts'
import { NotRootError } from './system.ts'

test('without an engine and without root, both ways out are told', () => {
  const refused = () => checkMayStartEngine('unix:///var/run/docker.sock', false)
  expect(refused).toThrow(NotRootError)
  expect(refused).toThrow('run this as root')
  expect(refused).toThrow('set DOCKER_HOST')
})
