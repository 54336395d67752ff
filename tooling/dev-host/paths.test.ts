import { expect, test } from 'vitest'
import { devHostPaths, StatePathTooLongError } from './paths.ts'

test('a state directory too deep for a unix socket is refused with the way out', () => {
  expect(() => devHostPaths(`/${'deep/'.repeat(30)}`)).toThrow(StatePathTooLongError)
  expect(() => devHostPaths(`/${'deep/'.repeat(30)}`)).toThrow('CCCI_STATE_DIR')
  expect(devHostPaths('/state').routerSocket).toBe('/state/dev-host/proxy/router.sock')
})
