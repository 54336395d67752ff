import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { readCompose } from './compose-view.ts'
import { parseEnv } from './env-file.ts'
import { NameTooLongError } from './name-limit.ts'
import {
  BadSecretLengthError,
  CHARSETS,
  generateSecret,
  MissingSecretLengthError,
  passphraseWarning,
  type SecretSpec,
  SecretVersionMissingError,
  secretSpecs,
  UnknownCharsetError,
} from './secrets.ts'

const dir = mkdtempSync(join(tmpdir(), 'ccci-secrets-'))
afterAll(() => rmSync(dir, { recursive: true }))

async function specs(sample: string, names: Record<string, string>): Promise<SecretSpec[]> {
  const secrets = Object.entries(names).map(([key, name]) => `  ${key}: {external: true, name: "${name}"}`)
  const text = `services: {app: {image: x, secrets: [${Object.keys(names)}]}}\nsecrets:\n${secrets.join('\n')}\n  unused: {external: true}\n`
  writeFileSync(join(dir, 'compose.yml'), text)
  const env = parseEnv(sample)
  const compose = await readCompose({ dir, env: env.values, stack: 'stack' })
  return secretSpecs({ sample: env, env: env.values, compose })
}

const one = async (
  sample: string,
  name = '${STACK_NAME}_db_password_${SECRET_DB_PASSWORD_VERSION}',
): Promise<SecretSpec> => {
  const [spec] = await specs(sample, { db_password: name })
  if (!spec) throw new Error('no secret')
  return spec
}

describe('the secrets of a recipe', () => {
  test('are the external ones its services use, with the modifiers of .env.sample', async () => {
    const sample = [
      'SECRET_DB_PASSWORD_VERSION=v1 # length=32',
      'SECRET_KEY_VERSION=v2 # length=64 charset=hex',
      'SECRET_TOKEN_VERSION=v1 # generate=false',
    ].join('\n')
    const found = await specs(sample, {
      db_password: '${STACK_NAME}_db_password_${SECRET_DB_PASSWORD_VERSION}',
      app_key: '${STACK_NAME}_app_key_${SECRET_KEY_VERSION}',
      token: '${STACK_NAME}_token_${SECRET_TOKEN_VERSION:-v9}',
    })
    expect(found.map((spec) => [spec.key, spec.name, spec.variable, spec.version])).toEqual([
      ['db_password', 'stack_db_password_v1', 'SECRET_DB_PASSWORD_VERSION', 'v1'],
      ['app_key', 'stack_app_key_v2', 'SECRET_KEY_VERSION', 'v2'],
      ['token', 'stack_token_v1', 'SECRET_TOKEN_VERSION', 'v1'],
    ])
    expect(found.map((spec) => [spec.length, spec.charset, spec.generate])).toEqual([
      [32, undefined, true],
      [64, 'hex', true],
      [undefined, undefined, false],
    ])
  })

  test('take the version from the name when the variable has a default or is not used', async () => {
    expect((await one('', '${STACK_NAME}_db_password_${SECRET_DB_PASSWORD_VERSION:-v3}')).version).toBe('v3')
    expect(await one('', 'stack_db_password_v4')).toMatchObject({
      version: 'v4',
      variable: 'SECRET_DB_PASSWORD_VERSION',
    })
  })

  test('must have a version', async () => {
    const missing = one('A=b')
    await expect(missing).rejects.toThrow(SecretVersionMissingError)
    await expect(missing).rejects.toThrow('Write in .env.sample: SECRET_DB_PASSWORD_VERSION=v1')
  })

  test('must have names that swarm takes', async () => {
    const long = one('', `${'x'.repeat(62)}_v1`)
    await expect(long).rejects.toThrow(NameTooLongError)
    await expect(long).rejects.toThrow('has 65 characters')
    await expect(one('', `${'x'.repeat(61)}_v1`)).resolves.toBeDefined()
  })
})

describe('a generated secret', () => {
  test('has the length and characters asked for, and is never the same', async () => {
    const spec = await one('SECRET_DB_PASSWORD_VERSION=v1 # length=40')
    expect(generateSecret(spec)).toMatch(/^[A-Za-z0-9]{40}$/)
    expect(generateSecret(spec)).not.toBe(generateSecret(spec))
    const charset = fc.subarray(Object.keys(CHARSETS), { minLength: 1 })
    fc.assert(
      fc.property(charset, fc.integer({ min: 1, max: 300 }), (names, length) => {
        const value = generateSecret({ ...spec, length, charset: names.join(',') })
        const allowed = new Set(names.flatMap((name) => [...(CHARSETS[name] ?? '')]))
        expect(value).toHaveLength(length)
        expect([...value].filter((character) => !allowed.has(character))).toEqual([])
      }),
    )
  })

  test.each(['', ' # please', ' # charset=hex'])('without a length is a passphrase: "v1%s"', async (comment) => {
    const spec = await one(`SECRET_DB_PASSWORD_VERSION=v1${comment}`)
    expect(generateSecret(spec)).toMatch(/^[a-z]{5}(-[a-z]{5}){3}$/)
    expect(generateSecret(spec)).not.toBe(generateSecret(spec))
    expect(passphraseWarning(spec)).toMatch(/"db_password" has no length.*SECRET_DB_PASSWORD_VERSION=v1 # length=32/)
    expect(passphraseWarning(spec)?.includes('charset=hex has no effect')).toBe(comment.includes('charset'))
  })

  test('with a length, or one that is to be inserted, is nothing to warn of', async () => {
    expect(passphraseWarning(await one('SECRET_DB_PASSWORD_VERSION=v1 # length=8'))).toBeUndefined()
    expect(passphraseWarning(await one('SECRET_DB_PASSWORD_VERSION=v1 # generate=false'))).toBeUndefined()
  })

  test.each([' # length=', ' # length=abc', ' # length=0', ' # length=8.5'])(
    'has a length that is a number: "v1%s" is refused with the line to write',
    async (comment) => {
      const spec = await one(`SECRET_DB_PASSWORD_VERSION=v1${comment}`)
      expect(() => generateSecret(spec)).toThrow(BadSecretLengthError)
      expect(() => generateSecret(spec)).toThrow('SECRET_DB_PASSWORD_VERSION=v1 # length=32')
    },
  )

  test('whose length stands only in a commented-out line is refused with that hint', async () => {
    const spec = await one(
      '# SECRET_DB_PASSWORD_VERSION=v1 # length=43',
      'stack_db_password_${SECRET_DB_PASSWORD_VERSION:-v1}',
    )
    expect(() => generateSecret(spec)).toThrow(MissingSecretLengthError)
    expect(() => generateSecret(spec)).toThrow(/only in a line of .env.sample that is commented out[\s\S]*length=43/)
  })

  test('whose commented-out line somebody puts into force by setting the variable has what that line says', async () => {
    const sample = parseEnv('# SECRET_DB_PASSWORD_VERSION=v1 # length=43 charset=hex')
    const env = { SECRET_DB_PASSWORD_VERSION: 'v2' }
    const { name } = await one('SECRET_DB_PASSWORD_VERSION=v2')
    const [chosen] = secretSpecs({ sample, env, compose: await readCompose({ dir, env, stack: 'stack' }) })
    expect(chosen).toMatchObject({ name, length: 43, charset: 'hex', commentedOut: false })
  })

  test('of an unknown charset is refused with the ones there are', async () => {
    const spec = await one('SECRET_DB_PASSWORD_VERSION=v1 # length=8 charset=hexx')
    expect(() => generateSecret(spec)).toThrow(UnknownCharsetError)
    expect(() => generateSecret(spec)).toThrow(/no charset "hexx"[\s\S]*The nearest: hex/)
    expect(() => generateSecret({ ...spec, charset: 'constructor' })).toThrow(UnknownCharsetError)
  })
})
