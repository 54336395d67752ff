import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { findApp, modifiers, type StandInApp, variables } from './app.ts'
import { externalSecrets, readComposeFiles } from './compose.ts'
import { docker, secretNames } from './docker.ts'
import { FataError } from './fata.ts'
import type { Given } from './flags.ts'

const ALPHABETS: Record<string, string> = { hex: '0123456789abcdef', special: '!@#$%^&*_-+=' }
const DEFAULT = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'

/** A secret of an app, and the variable that says how it is made. */
export interface StandInSecret {
  key: string
  name: string
  variable: string
}

export function secretsOf(app: StandInApp): StandInSecret[] {
  const env = variables(app)
  return externalSecrets(readComposeFiles(app.recipe, env), env).map(({ key, name }) => ({
    key,
    name,
    variable: `SECRET_${key.toUpperCase().replaceAll('-', '_')}_VERSION`,
  }))
}

/** `app secret generate <domain> --all`, or `<domain> <name> <version>`. */
export async function secretGenerate({ words: [domain, key, version], has }: Given): Promise<void> {
  const app = findApp(domain)
  const there = await secretNames()
  const wanted = secretsOf(app).filter((secret) => (has('--all') ? true : secret.key === key))
  if (wanted.length === 0) throw new FataError(`${key ?? 'secrets'} ${version ?? ''} not found for ${domain}`)
  const made: { name: string; value: string }[] = []
  for (const { key: name, name: full, variable } of wanted) {
    const { length, charset = '', generate } = modifiers(app, variable)
    if (generate === 'false') continue
    if (there.includes(full)) throw new FataError(`AlreadyExists: ${full}`)
    const alphabet = ALPHABETS[charset] ?? DEFAULT
    const size = Number(length) || 28
    const value = Array.from({ length: size }, () => alphabet[randomInt(alphabet.length)]).join('')
    await docker(['secret', 'create', full, '-'], { input: value })
    made.push({ name, value })
  }
  if (has('-m')) console.log(JSON.stringify(made, null, 2))
  else for (const { name, value } of made) console.log(`${name} │ ${value}`)
}

/** `app secret insert <domain> <name> <version> <value>`; with -f the value is the name of a file. */
export async function secretInsert({ words: [domain, name, version, value = ''], has }: Given): Promise<void> {
  const app = findApp(domain)
  if (!secretsOf(app).some(({ key }) => key === name)) throw new FataError(`no secret ${name} available for ${domain}`)
  const input = has('-f') ? readFileSync(value, 'utf8') : value
  await docker(['secret', 'create', `${app.stack}_${name}_${version}`, '-'], { input })
  console.log(`INFO ${name} successfully stored on server`)
}
