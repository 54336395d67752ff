import { randomInt } from 'node:crypto'
import { RecipeError } from '../errors.ts'
import { templateVariables } from './compose/interpolate.ts'
import type { ComposeView } from './compose-view.ts'
import type { EnvFile, EnvLine } from './env-file.ts'
import { checkNameLength } from './name-limit.ts'
import { passphrase } from './passphrase.ts'
import { nearest } from './source.ts'

/** A secret that must exist before the stack is deployed. */
export interface SecretSpec {
  /** Its key in the compose file. */
  key: string
  /** Its full name in Docker. */
  name: string
  /** The variable that holds its version, such as `SECRET_DB_PASSWORD_VERSION`. */
  variable: string
  version: string
  /** From `# length=` in `.env.sample`. */
  length: number | undefined
  /** From `# charset=`. */
  charset: string | undefined
  /** False for `# generate=false`: somebody must give its value. */
  generate: boolean
  /** What stands after the variable in `.env.sample`, and whether that line is commented out and nobody sets the variable. */
  comment: string | undefined
  commentedOut: boolean
}

/** How long a secret is to be stands only in a line of `.env.sample` that is commented out, where nothing reads it. */
export class MissingSecretLengthError extends RecipeError {}

/** A `length=` that is no number of characters. */
export class BadSecretLengthError extends RecipeError {}

/** A `charset=` that cc-ci does not know. */
export class UnknownCharsetError extends RecipeError {}

/** No version is set for a secret, so its name is not complete. */
export class SecretVersionMissingError extends RecipeError {}

/** What to look at for a recipe's secrets. */
export interface SecretRequest {
  /** `.env.sample`: the comments in it say how secrets are made. */
  sample: EnvFile
  /** The variables of the app. */
  env: Record<string, string>
  compose: ComposeView
}

/**
 * The external secrets that the composed services use, in the order of the compose files, with the modifiers that
 * `.env.sample` gives them. abra finds a secret's variable by the name in the compose file, and so does this.
 *
 * @throws {SecretVersionMissingError} when the variable of a secret's version is not set.
 * @throws {NameTooLongError} when a name is longer than swarm takes.
 */
export function secretSpecs({ sample, env, compose }: SecretRequest): SecretSpec[] {
  const used = new Set(Object.values(compose.services).flatMap((service) => service.secrets))
  const external = Object.entries(compose.secrets).filter(([key, secret]) => secret.external && used.has(key))
  return external.map(([key, { name, template }]) => {
    const variable = versionVariable(key, template)
    const version = env[variable] || name.slice(name.lastIndexOf('_') + 1)
    if (version === '') {
      throw new SecretVersionMissingError({
        happened: `The secret "${key}" has no version: ${variable} is not set.`,
        lastSeen: `its name comes out as "${name}"`,
        todo: `Write in .env.sample: ${variable}=v1 # length=32`,
      })
    }
    checkNameLength('secret', name)
    const commented = lastOf(sample.commented, variable)
    // Whoever sets the variable does what an operator does by taking the "#" away.
    const line = lastOf(sample.lines, variable) ?? (env[variable] ? commented : undefined)
    return {
      key,
      name,
      variable,
      version,
      ...modifiers(line?.comment),
      comment: (line ?? commented)?.comment,
      commentedOut: line === undefined && commented !== undefined,
    }
  })
}

const lastOf = (lines: EnvLine[], key: string): EnvLine | undefined => lines.findLast((line) => line.key === key)

function versionVariable(key: string, template: string | undefined): string {
  const variables = templateVariables(template ?? '').filter((name) => name !== 'STACK_NAME')
  const conventional = `SECRET_${key.toUpperCase().replace(/[^A-Z0-9]/g, '_')}_VERSION`
  return variables.findLast((name) => name.endsWith('_VERSION')) ?? variables.at(-1) ?? conventional
}

function modifiers(comment: string | undefined): Pick<SecretSpec, 'length' | 'charset' | 'generate'> {
  const values = new Map([...(comment ?? '').matchAll(/\b(length|charset|generate)=(\S+)/g)].map(([, k, v]) => [k, v]))
  const length = Number(values.get('length'))
  return {
    length: Number.isInteger(length) && length > 0 ? length : undefined,
    charset: values.get('charset'),
    generate: values.get('generate') !== 'false',
  }
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
const DIGITS = '0123456789'

/**
 * The alphabets that `charset=` names; several are joined with commas. `default`, `special` and `safespecial` are abra's
 * names, `hex` and `alnum` are in use in recipes. abra's exact alphabets are unconfirmed.
 */
export const CHARSETS: Readonly<Record<string, string>> = {
  default: LETTERS + DIGITS,
  alnum: LETTERS + DIGITS,
  hex: '0123456789abcdef',
  special: '!@#$%^&*_-+=',
  safespecial: '!@#%^&*_-+=',
}

function alphabet(spec: SecretSpec): string {
  const names = (spec.charset ?? 'default').toLowerCase().split(',').filter(Boolean)
  const parts = names.map((name) => {
    const characters = Object.hasOwn(CHARSETS, name) ? CHARSETS[name] : undefined
    if (characters !== undefined) return characters
    const [close] = nearest(name, Object.keys(CHARSETS))
    throw new UnknownCharsetError({
      happened: `The secret "${spec.key}" wants charset=${spec.charset}, and there is no charset "${name}".`,
      lastSeen: `.env.sample: ${spec.variable}=${spec.version} # ${spec.comment}`,
      todo: `There are: ${Object.keys(CHARSETS).join(', ')}.${close ? ` The nearest: ${close}.` : ''}`,
    })
  })
  return [...new Set(parts.join(''))].join('')
}

/**
 * Makes up a value for a secret: cryptographically random characters of its charset, as many as its length says; without a
 * length a passphrase, as abra does (see `passphraseWarning`).
 *
 * @throws {MissingSecretLengthError | BadSecretLengthError} naming the line to write in `.env.sample`.
 * @throws {UnknownCharsetError} naming the charsets there are.
 */
export function generateSecret(spec: SecretSpec): string {
  checkLength(spec)
  const characters = alphabet(spec)
  if (spec.length === undefined) return passphrase()
  return Array.from({ length: spec.length }, () => characters[randomInt(characters.length)]).join('')
}

/** What a maintainer should know of a secret that is generated without a length; `undefined` when it has one. */
export function passphraseWarning(spec: SecretSpec): string | undefined {
  if (spec.length !== undefined || !spec.generate) return undefined
  const unheeded = spec.charset === undefined ? '' : `, and charset=${spec.charset} has no effect`
  return (
    `the secret "${spec.key}" has no length in .env.sample: it is a passphrase of four words, as abra makes one${unheeded}. ` +
    `For another: ${lineFor(spec)}`
  )
}

const lineFor = ({ variable, version, charset }: SecretSpec): string =>
  `${variable}=${version} # length=32${charset === undefined ? '' : ` charset=${charset}`}`

function checkLength(spec: SecretSpec): void {
  const { key, variable, version, comment = '' } = spec
  if (spec.length !== undefined || !/\blength=/.test(comment)) return
  if (!spec.commentedOut) {
    throw new BadSecretLengthError({
      happened: `.env.sample gives the secret "${key}" a length that is no number of characters.`,
      lastSeen: `${variable}=${version} # ${comment}`,
      todo: `Write in .env.sample: ${lineFor(spec)}. If the app needs a value of its own kind: # generate=false.`,
    })
  }
  throw new MissingSecretLengthError({
    happened: `The secret "${key}" has a length only in a line of .env.sample that is commented out.`,
    lastSeen: `# ${variable}=… # ${comment}`,
    todo: `abra does not read that line and would make a secret of another length. Take the "#" away: ${variable}=${version} # ${comment}`,
  })
}
