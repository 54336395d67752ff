import { randomBytes } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type Docker from 'dockerode'
import { passphraseWarning, type SecretSpec } from '../../recipe/secrets.ts'
import { learnSecret } from '../../redact/secrets.ts'
import type { EngineApp } from '../engine.ts'
import type { AbraSettings } from './abra.ts'
import { type AbraCall, callAbra } from './abra.ts'

export interface SecretsRequest {
  docker: Docker
  abra: AbraSettings
  app: EngineApp
  specs: SecretSpec[]
  signal?: AbortSignal | undefined
}

/** `-C -o`: the checkout stays where it is, and nothing is fetched. */
const AS_IT_IS = ['-n', '-C', '-o']

/**
 * Lets abra make those of the app's secrets that are not there yet: inserted from a file where the options give a value,
 * generated otherwise. Those that are neither (`# generate=false`) stay out: abra says so when it deploys.
 *
 * @returns warnings.
 */
export async function makeSecrets({ docker, abra, app, specs, signal }: SecretsRequest): Promise<string[]> {
  const existing = new Set((await docker.listSecrets()).map((secret) => secret.Spec?.Name))
  const missing = specs.filter(({ name }) => !existing.has(name))
  const given = missing.filter(({ key }) => app.secrets[key] !== undefined)
  const made = missing.filter((spec) => spec.generate && !given.includes(spec))
  const warnings = made.flatMap((spec) => passphraseWarning(spec) ?? [])
  warnings.push(...made.filter(({ length = 8 }) => length < 8).map(tooShort))
  for (const spec of given) {
    const value = app.secrets[spec.key] ?? ''
    if (!learnSecret(value)) warnings.push(tooShort(spec))
    await insert(abra, app, spec, value, signal)
  }
  if (made.length === 0) return warnings
  const names = new Set(specs.flatMap(({ key, name, version }) => [key, name, version]))
  let learned = 0
  const call: AbraCall = { signal, onOutput: (output) => (learned += learnPrinted(output, names)) }
  const generate = (...which: string[]) =>
    callAbra(abra, ['app', 'secret', 'generate', app.domain, ...which, '-m', ...AS_IT_IS], call)
  if (made.length === specs.length) await generate('--all')
  else for (const spec of made) await generate(spec.key, spec.version)
  if (learned >= made.length) return warnings
  const unknown = `of ${made.length} secrets that abra generated, ${made.length - learned} could not be read from what it printed (-m)`
  return [...warnings, `${unknown}: they are not kept out of logs and records`]
}

const tooShort = ({ key }: SecretSpec): string => `the secret "${key}" is too short to be kept out of logs and records`

/** From a file that only we can read: the process list shows arguments. */
async function insert(
  abra: AbraSettings,
  app: EngineApp,
  spec: SecretSpec,
  value: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const file = join(abra.dir, `secret-${randomBytes(6).toString('hex')}`)
  try {
    await writeFile(file, value, { mode: 0o600, flag: 'wx' })
    const args = ['app', 'secret', 'insert', app.domain, spec.key, spec.version, file, '-f', ...AS_IT_IS]
    await callAbra(abra, args, { signal })
  } finally {
    await rm(file, { force: true })
  }
}

/**
 * Learns the values among what `secret generate -m` printed. The keys of that JSON are unconfirmed, so every text in it
 * counts that is no name we know; and where it is no JSON, every text in quotes.
 *
 * @returns how many values were found.
 */
export function learnPrinted(output: string, names: ReadonlySet<string>): number {
  const values = new Set(textsIn(output).filter((text) => text !== '' && !names.has(text)))
  for (const value of values) learnSecret(value)
  return values.size
}

function textsIn(output: string): string[] {
  const start = output.search(/[[{]/)
  const end = Math.max(output.lastIndexOf(']'), output.lastIndexOf('}'))
  try {
    return valuesIn(JSON.parse(output.slice(start, end + 1)))
  } catch {
    return [...output.matchAll(/"((?:[^"\\\n]|\\.)*)"/g)].map(([, text = '']) => text)
  }
}

function valuesIn(json: unknown): string[] {
  if (typeof json === 'string') return [json]
  if (typeof json !== 'object' || json === null) return []
  return Object.values(json).flatMap(valuesIn)
}
