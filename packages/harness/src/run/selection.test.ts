import { describe, expect, test } from 'vitest'
import { parseStages, StageSelectionError, tagsExpression } from './selection.ts'
import { RECIPE_LOCAL, STAGES, type Stage, stageOf } from './stages.ts'

describe('a list of stages', () => {
  test('is read in the order of the stages, each once', () => {
    expect(parseStages('custom, install,custom')).toEqual(['install', 'custom'])
  })
  test('with an unknown stage is refused, with the nearest', () => {
    expect(() => parseStages('instal')).toThrow(StageSelectionError)
    expect(() => parseStages('install,bakup')).toThrow(/no stage "bakup"[\s\S]*nearest is "backup"/)
  })
  test('with nothing in it is refused', () => {
    expect(() => parseStages(' , ')).toThrow(/No stage was named[\s\S]*install, upgrade, backup, custom/)
  })
})

test('the tag expression keeps exactly the tests of the stages, for every selection and every set of tags', () => {
  const subsets = <T>(items: readonly T[]): T[][] =>
    Array.from({ length: 2 ** items.length }, (_, code) => items.filter((_, index) => code & (2 ** index)))
  const suites: readonly Stage[] = STAGES.filter((stage) => stage !== RECIPE_LOCAL)
  const names = STAGES.map((stage) => stage.replace('-', '_'))
  for (const stages of subsets(suites).filter((some) => some.length > 0)) {
    const expression = tagsExpression(stages)?.replaceAll(RECIPE_LOCAL, 'recipe_local')
    for (const tags of subsets([...STAGES, 'slow'])) {
      const kept = new Function(...names, `return ${expression}`)(...STAGES.map((stage) => tags.includes(stage)))
      expect(Boolean(kept), `${expression} for ${tags}`).toBe(stages.includes(stageOf(tags)))
    }
  }
})

test("there is no expression where the suite's tests are not all: nothing of the suite is left out then", () => {
  expect(tagsExpression(['lint'])).toBeUndefined()
  expect(tagsExpression(['install', 'recipe-local'])).toBeUndefined()
  expect(tagsExpression(['install', 'lint'])).toBe('(install)')
})
