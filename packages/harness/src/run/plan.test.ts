import { expect, test } from 'vitest'
import { plannedDeployments, startsAtBase } from './plan.ts'
import { STAGES } from './stages.ts'

test.each([
  ['full', { app: true, upgrades: 1, freshRestores: 1 }, 3],
  ['full', { app: true, upgrades: 2, freshRestores: 1 }, 4],
  ['full', { app: true, upgrades: 0, freshRestores: 0 }, 1],
  ['full', { app: false, upgrades: 1, freshRestores: 0 }, 1],
  ['full', { app: false, upgrades: 0, freshRestores: 0 }, 0],
  ['single', { app: true, upgrades: 1, freshRestores: 0 }, 1],
  ['single', { app: false, upgrades: 0, freshRestores: 0 }, 0],
] as const)('%s with %o foresees %i deployments', (plan, reached, planned) => {
  expect(plannedDeployments(plan, reached)).toBe(planned)
})

test('the one deployment of a single plan begins at the base, if an upgrade is to come', () => {
  expect(startsAtBase('single', STAGES, true)).toBe(true)
  expect(startsAtBase('single', STAGES, false)).toBe(false)
  expect(startsAtBase('single', ['install', 'custom'], true)).toBe(false)
  expect(startsAtBase('full', STAGES, true)).toBe(false)
})
