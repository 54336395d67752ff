import { expect, test } from 'vitest'
import { outlivesRuns, runDomain, stackName } from './names.ts'

test('a domain is the first four letters of the recipe and six hex digits, below the base domain', () => {
  expect(runDomain({ recipe: 'custom-html', pr: '7', ref: 'main' }, 'ci.example.org')).toMatch(
    /^cust-[0-9a-f]{6}\.ci\.example\.org$/,
  )
})

test('the same recipe, PR and ref have the same domain; another ref has another', () => {
  const identity = { recipe: 'n8n', pr: '7', ref: 'main' }
  expect(runDomain(identity, 'ci.localhost')).toBe(runDomain({ ...identity }, 'ci.localhost'))
  expect(runDomain(identity, 'ci.localhost')).not.toBe(runDomain({ ...identity, ref: 'other' }, 'ci.localhost'))
  expect(runDomain(identity, 'ci.localhost')).not.toBe(runDomain({ ...identity, pr: '8' }, 'ci.localhost'))
})

test('what no domain name can hold is left out of its first letters', () => {
  expect(runDomain({ recipe: 'a-b', pr: undefined, ref: undefined }, 'ci.localhost')).toMatch(/^ab-[0-9a-f]{6}\./)
  expect(runDomain({ recipe: '___', pr: undefined, ref: undefined }, 'ci.localhost')).toMatch(/^app-[0-9a-f]{6}\./)
})

test('no run’s app is called like what outlives runs', () => {
  expect(runDomain({ recipe: 'warmup', pr: undefined, ref: undefined }, 'ci.localhost')).toMatch(/^war-[0-9a-f]{6}\./)
  expect(outlivesRuns('warm-warmup_ci_localhost')).toBe(true)
})

test('a stack is its domain with dots as underscores; hyphens stay', () => {
  expect(stackName('cust-0a1b2c.ci.example.org')).toBe('cust-0a1b2c_ci_example_org')
})
