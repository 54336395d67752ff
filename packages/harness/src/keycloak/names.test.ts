import { describe, expect, test } from 'vitest'
import { checkRemovable, ForeignRealmError, hexOf, MasterRealmError, realmName } from './names.ts'

describe("a run's realm", () => {
  test.each([
    ['custom-html', 'custom-html-0a1b2c'],
    ['Lasuite_Docs', 'lasuite-docs-0a1b2c'],
    ['--', 'app-0a1b2c'],
  ])('of %s is called after its recipe: %s', (recipe, name) => {
    expect(realmName(recipe, '0a1b2c')).toBe(name)
    expect(hexOf(name)).toBe('0a1b2c')
    expect(() => checkRemovable(name)).not.toThrow()
  })

  test.each(['master', 'Master', ' master ', 'MASTER\n'])('is never %j', (name) => {
    expect(() => checkRemovable(name)).toThrow(MasterRealmError)
  })

  test.each(['', 'staff', 'demo-12345', 'demo-1234567', 'Demo-0a1b2c', 'demo-0A1B2C', '-0a1b2c', 'a/../master-0a1b2c'])(
    'is not called %j, so that one is left alone',
    (name) => {
      expect(() => checkRemovable(name)).toThrow(ForeignRealmError)
    },
  )
})
