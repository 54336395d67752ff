import { describe, expect, test } from 'vitest'
import type { ComposeView } from '../recipe/compose-view.ts'
import type { RecipeOptions } from '../recipe/options.ts'
import { plannedDeployments } from './plan.ts'
import { previewDeployments, previewStages, type StagesRequest } from './preview-stages.ts'
import type { RunStage } from './stages.ts'

const compose = (backup: boolean) =>
  ({
    services: {
      app: { name: 'app', deployLabels: backup ? { 'backupbot.backup': 'true' } : {}, strayLabels: {}, volumes: [] },
    },
    volumes: {},
  }) as unknown as ComposeView

const request = (more: Partial<StagesRequest> = {}, options: RecipeOptions = {}): StagesRequest => ({
  inForce: { options, origins: { dependencies: 'recipe.ts' }, overruled: [] },
  stages: undefined,
  ownSuite: true,
  local: { folder: '/tests', vitest: ['a.test.ts'], playwright: [], run: false },
  bases: [{ version: '1.0.0+1' }],
  target: { version: '1.1.0+1', commit: 'c0ffee', ref: undefined, tag: undefined },
  compose: compose(true),
  ...more,
})

const told = (...args: Parameters<typeof request>) =>
  Object.fromEntries(previewStages(request(...args)).map(({ stage, outcome, reason }) => [stage, reason ?? outcome]))

describe('the stages of a plan', () => {
  test('all run where everything is there', () => {
    expect(new Set(Object.values(told()))).toEqual(new Set(['runs']))
  })

  test('do not apply for what the recipe lacks, or by what the options say', () => {
    const lacks = { bases: [], compose: compose(false), ownSuite: false, local: undefined }
    expect(told(lacks, { notApplicable: { install: 'not alone' } })).toEqual({
      install: 'not alone',
      upgrade: 'there is no published version before 1.1.0+1',
      backup: 'no service has backupbot.backup',
      custom: 'the recipe has no suite of its own',
      'recipe-local': 'the recipe ships no tests under tests/',
      lint: 'runs',
    })
  })

  test('are left out where others were asked for', () => {
    expect(told({ stages: ['upgrade', 'lint'] })).toMatchObject({
      install: 'not asked for',
      upgrade: 'runs',
      lint: 'runs',
    })
  })

  test('cannot be verified without what they depend on', () => {
    expect(told({}, { dependencies: ['ldap' as never] }).custom).toMatch(/cannot provide ldap/)
  })
})

describe('the deployments of a plan', () => {
  const deployments = (plan: 'full' | 'single', stages: RunStage[] | undefined, more: Partial<StagesRequest> = {}) => {
    const asked = request({ stages, ...more })
    const bases = asked.bases.map(({ version }) => version)
    const { each, reached } = previewDeployments(previewStages(asked), { plan, version: '1.1.0+1', bases })
    // Counted by the rule that the run itself is held to.
    expect(each).toHaveLength(plannedDeployments(plan, reached))
    return each.map(({ purpose, version }) => `${purpose} ${version}`)
  }
  const install = 'install 1.1.0+1'
  const base = 'upgrade base 1.0.0+1'
  const restore = 'restore 1.1.0+1'

  test.each<[plan: 'full' | 'single', stages: RunStage[] | undefined, each: string[]]>([
    ['full', undefined, [install, base, restore]],
    ['full', ['install'], [install]],
    ['full', ['upgrade', 'custom'], [base]],
    ['full', ['backup'], [install, restore]],
    ['full', ['custom'], [install]],
    ['full', ['recipe-local', 'lint'], [install]],
    ['full', ['lint'], []],
    ['single', undefined, [base]],
    ['single', ['install', 'backup'], [install]],
    ['single', ['upgrade'], [base]],
  ])('%s, %s: %s', (plan, stages, each) => {
    expect(deployments(plan, stages)).toEqual(each)
  })

  test('are one for each base in a full plan, and one for all in a single one', () => {
    const bases = [{ version: '0.9.0+1' }, { version: '1.0.0+1' }]
    expect(deployments('full', ['upgrade'], { bases })).toEqual(['upgrade base 0.9.0+1', base])
    expect(deployments('single', undefined, { bases })).toEqual(['upgrade base 0.9.0+1'])
  })

  test('of a first version begin with its install, in a single plan too', () => {
    expect(deployments('single', undefined, { bases: [] })).toEqual([install])
    expect(deployments('full', undefined, { bases: [] })).toEqual([install, restore])
  })
})
