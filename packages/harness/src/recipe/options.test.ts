import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { UsageError } from '../errors.ts'
import { defineRecipe, envOf, parseRecipeOptions } from './options.ts'
import { RecipeOptionsError } from './options-error.ts'

const parse = (value: unknown) => parseRecipeOptions(value, 'recipe.ts')

describe('recipe.ts', () => {
  test('may say nothing at all', () => {
    expect(parse({})).toEqual({})
  })

  test('is taken as written', () => {
    const options = defineRecipe({
      env: { SANDBOX: '1' },
      plan: 'single',
      timeouts: { deploy: 1500, settle: 20 },
      health: { path: '/health', statuses: [200, 401] },
      backup: { verify: () => {}, witness: false },
      ready: async () => {},
      dependencies: ['keycloak'],
      canonical: true,
      upgradeBases: ['1.10.0+1.28.0', { version: '1.9.0+1.27.0', env: { OLD: 'x' } }, { version: '1.8.0+1.26.0' }],
      notApplicable: { backup: 'nothing is stored' },
      secrets: { token: 'x' },
    })
    expect(parse(options)).toEqual(options)
  })

  test('may compute variables from the domain, and these are checked when they are', () => {
    const env = (domain: string) => ({ SANDBOX_DOMAIN: `sandbox.${domain}` })
    const good = parse({ env })
    expect(envOf(good.env, 'a.b')).toEqual({ SANDBOX_DOMAIN: 'sandbox.a.b' })
    const bad = parse({ upgradeEnv: () => ({ PORT: 80 }) })
    expect(() => envOf(bad.upgradeEnv, 'a.b')).toThrow(
      /recipe\.ts: upgradeEnv\("a\.b"\): PORT is 80\.[\s\S]*text; put quotes round it/,
    )
  })

  test('finds the overlay beside itself', () => {
    const dir = mkdtempSync(join(tmpdir(), 'ccci-options-'))
    try {
      writeFileSync(join(dir, 'compose.ccci.yml'), '')
      const where = join(dir, 'recipe.ts')
      expect(parseRecipeOptions({ overlay: 'compose.ccci.yml' }, where).overlay).toBe(join(dir, 'compose.ccci.yml'))
      expect(() => parseRecipeOptions({ overlay: 'compose.cci.yml' }, where)).toThrow(/overlay names .*does not exist/)
    } finally {
      rmSync(dir, { recursive: true })
    }
  })

  test.each([
    [{ timeout: {} }, /there is no option "timeout"\.[\s\S]*nearest is "timeouts"/],
    [
      { timeouts: { deplyo: 3 } },
      /no option "timeouts\.deplyo"\.[\s\S]*nearest is "deploy"\. Known here: deploy, http, use, settle/,
    ],
    [{ notApplicable: { backups: 'no' } }, /no option "notApplicable\.backups"\.[\s\S]*nearest is "backup"/],
    [{ plan: 'quick' }, /plan is "quick"\.[\s\S]*full or single/],
    [{ timeouts: { deploy: '60' } }, /timeouts\.deploy is "60"\.[\s\S]*whole seconds/],
    [{ timeouts: { deploy: 0 } }, /timeouts\.deploy is 0\.[\s\S]*1 second or more/],
    [{ env: { A: 1 } }, /env/],
    [{ env: { 'A B': 'x' } }, /env/],
    [{ env: 'A=b' }, /env is "A=b"\.[\s\S]*variables as/],
    [{ health: { path: 'health' } }, /health\.path is "health"\.[\s\S]*starts with "\/"/],
    [{ health: { statuses: [20] } }, /health\.statuses\.0 is 20\./],
    [{ notApplicable: { upgrade: '' } }, /notApplicable\.upgrade is ""\.[\s\S]*the reason/],
    [{ upgradeBases: [] }, /upgradeBases is \[\]\.[\s\S]*at least one/],
    [{ upgradeBases: [{ version: '1.0.0+1', evn: {} }] }, /no option "upgradeBases\.0\.evn"\.[\s\S]*nearest is "env"/],
    [{ upgradeBases: [{ env: {} }] }, /upgradeBases\.0\.version is undefined\.[\s\S]*text/],
    [{ upgradeBases: [1] }, /upgradeBases\.0 is 1\.[\s\S]*a version, or \{ version, env \}/],
    [{ env: { PORT: 80 } }, /env\.PORT is 80\.[\s\S]*put quotes round it/],
    [{ ready: true }, /ready is true\.[\s\S]*a function/],
    [{ dependencies: ['keyclaok'] }, /dependencies\.0 is "keyclaok"\.[\s\S]*"keycloak"/],
    [{ canonical: 'yes' }, /canonical is "yes"\.[\s\S]*true or false/],
    [{ backup: { verify: true } }, /backup\.verify is true\.[\s\S]*a function/],
    [undefined, /what it exports is undefined/],
    [[], /what it exports is \[\]/],
  ])('with %j is refused with path, value and what it takes', (value, message) => {
    expect(() => parse(value)).toThrow(RecipeOptionsError)
    expect(() => parse(value)).toThrow(UsageError)
    expect(() => parse(value)).toThrow(message)
    expect(() => parse(value)).toThrow(/^recipe\.ts: /)
  })

  test('with several mistakes tells them all', () => {
    expect(() => parse({ plan: 'x', overlya: 'y' })).toThrow(/plan is "x"[\s\S]*overlya/)
  })
})
