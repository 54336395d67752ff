import { describe, expect, test } from 'vitest'
import { DECLARED } from './option-context.ts'
import { envOf, parseRecipeOptions, type RecipeOptions } from './options.ts'
import { RecipeOptionsError } from './options-error.ts'
import { asksForRealm, checkRealmDeclared } from './realm-options.ts'

const parse = (value: RecipeOptions) => parseRecipeOptions(value, 'recipe.ts')
const DOMAIN = 'app.ci.example.org'

const login = parse({
  dependencies: ['keycloak'],
  env: (domain, { realm }) => ({ OIDC_ISSUER: realm.issuer, OIDC_BACK: `https://${domain}/back` }),
  secrets: (_domain, { realm }) => ({ oidc_secret: realm.client.secret }),
})

describe('options of an app that logs in by OIDC', () => {
  test('are told the realm of the run', () => {
    const realm = { ...DECLARED.realm, issuer: 'https://kc/realms/x', client: { id: 'app', secret: 'real' } }
    expect(envOf(login.env, DOMAIN, { realm })).toEqual({
      OIDC_ISSUER: 'https://kc/realms/x',
      OIDC_BACK: `https://${DOMAIN}/back`,
    })
    expect(envOf(login.secrets, DOMAIN, { realm })).toEqual({ oidc_secret: 'real' })
  })

  test('are looked at before there is one, with what stands in for it', () => {
    const { OIDC_ISSUER = '' } = envOf(login.env, DOMAIN)
    expect(new URL(OIDC_ISSUER).hostname).toMatch(/\.invalid$/)
    expect(Object.keys(envOf(login.secrets, DOMAIN))).toEqual(['oidc_secret'])
  })

  test('ask for it only where they look at it', () => {
    expect(asksForRealm(login, DOMAIN)).toBe(true)
    expect(asksForRealm(parse({ env: (domain) => ({ SECOND: `x-${domain}` }), secrets: { a: 'b' } }), DOMAIN)).toBe(
      false,
    )
    const base = { version: '1.0.0+1', env: (_: string, { realm }: typeof DECLARED) => ({ OLD_ISSUER: realm.issuer }) }
    expect(asksForRealm(parse({ upgradeBases: [base] }), DOMAIN)).toBe(true)
  })

  test('must declare what makes it', () => {
    expect(() => checkRealmDeclared(login, DOMAIN)).not.toThrow()
    const { dependencies: _, ...undeclared } = login
    expect(() => checkRealmDeclared(undeclared, DOMAIN)).toThrow(RecipeOptionsError)
    expect(() => checkRealmDeclared(undeclared, DOMAIN)).toThrow(/env, secrets .* ask for a realm[\s\S]*dependencies: /)
  })

  test('are checked when they give secrets, and no value of them is told', () => {
    const bad = parse({ secrets: () => ({ token: 5 as unknown as string, other: 'not-to-be-told' }) })
    expect(() => envOf(bad.secrets, DOMAIN)).toThrow(/secrets\("app\.ci\.example\.org"\): token is 5/)
    expect(() => envOf(bad.secrets, DOMAIN)).not.toThrow(/not-to-be-told/)
  })
})
