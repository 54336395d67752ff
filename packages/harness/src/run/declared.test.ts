import { describe, expect, test } from 'vitest'
import type { RecipeOptions } from '../recipe/options.ts'
import { declaredEvents } from './declared.ts'

const declared = (options: RecipeOptions, from: 'recipe.ts' | 'tests/cc-ci.recipe.ts' = 'recipe.ts') => {
  const origins = Object.fromEntries(Object.keys(options).map((key) => [key, from]))
  return declaredEvents({ options, origins, overruled: [] })
}

describe('what a run says of its options at once', () => {
  test('is nothing as long as all of them can be kept', () => {
    expect(declared({ dependencies: ['keycloak'] })).toEqual([])
    expect(declared({ plan: 'single', notApplicable: { backup: 'it stores nothing' } })).toEqual([])
  })

  test('is what the recipe itself declares not applicable, which the runner does not know', () => {
    expect(declared({ notApplicable: { backup: 'it stores nothing' } }, 'tests/cc-ci.recipe.ts')).toEqual([
      { event: 'not-applicable', stage: 'backup', reason: 'it stores nothing' },
    ])
  })

  test('is a dependency that nobody provides: custom tests are unverified, which is never green', () => {
    expect(declared({ dependencies: ['keycloak', 'ldap' as never] })).toEqual([
      {
        event: 'unverified',
        stage: 'custom',
        reason: 'this version of cc-ci cannot provide ldap, which recipe.ts declares as a dependency',
      },
      { event: 'warning', text: expect.stringContaining('what needs it is not tested') },
    ])
  })

  test('is what is overruled; an enrolment is worth no warning', () => {
    expect(declared({ canonical: true })).toEqual([])
    expect(declaredEvents({ options: {}, origins: {}, overruled: ['env'] })).toEqual([
      { event: 'warning', text: "env of tests/cc-ci.recipe.ts is overruled by the suite's recipe.ts" },
    ])
  })
})
