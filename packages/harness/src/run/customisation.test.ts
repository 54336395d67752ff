import { expect, test } from 'vitest'
import { parseRecipeOptions } from '../recipe/options.ts'
import { secrets } from '../redact/secrets.ts'
import { customisationLine, customisationOf } from './customisation.ts'

test('the record shows options as they are for this app, functions as such, and no secret', () => {
  const options = parseRecipeOptions(
    {
      env: (domain: string) => ({ SANDBOX_DOMAIN: `sandbox-${domain}` }),
      upgradeBases: ['1.0.0+1', { version: '0.9.0+1', env: (domain: string) => ({ OLD: domain }) }],
      timeouts: { deploy: 60 },
      ready: () => {},
      backup: { verify: () => {}, witness: false },
      secrets: { token: 'open-sesame' },
    },
    'recipe.ts',
  )
  expect(customisationOf({ ...options, overlay: '/somewhere/compose.ccci.yml' }, 'app.ci.localhost')).toEqual({
    env: { SANDBOX_DOMAIN: 'sandbox-app.ci.localhost' },
    upgradeBases: ['1.0.0+1', { version: '0.9.0+1', env: { OLD: 'app.ci.localhost' } }],
    timeouts: { deploy: 60 },
    ready: '(function)',
    backup: { verify: '(function)', witness: false },
    secrets: { token: '***' },
    overlay: 'compose.ccci.yml',
  })
})

test('a variable whose name speaks of a secret is one from then on, and leaves in no text of this process', () => {
  const options = parseRecipeOptions({ upgradeEnv: () => ({ SMTP_PASSWORD: 'hunter2-and-more' }) }, 'recipe.ts')
  const written = secrets.text(JSON.stringify(customisationOf(options, 'a.b')))
  expect(written).toContain('SMTP_PASSWORD')
  expect(written).not.toContain('hunter2')
})

test('options are one line, by the file they come from', () => {
  const options = { timeouts: { deploy: 900 }, env: { A: 'b' }, ready: '(function)' }
  expect(customisationLine(options, { timeouts: 'recipe.ts', env: 'tests/cc-ci.recipe.ts', ready: 'recipe.ts' })).toBe(
    'options: timeouts {"deploy":900}, ready (function) (recipe.ts); env {"A":"b"} (tests/cc-ci.recipe.ts)',
  )
})

test('a long value is cut, and no options are no line', () => {
  expect(customisationLine({ env: { LONG: 'x'.repeat(200) } })).toMatch(/^options: env .{99}… \(recipe\.ts\)$/)
  expect(customisationLine({})).toBeUndefined()
})
