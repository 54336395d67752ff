import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FataError } from './fata.ts'
import { abraDir, treeOf } from './recipe.ts'

/** An app as its `.env` and its recipe's abra.sh describe it. */
export interface StandInApp {
  domain: string
  file: string
  recipe: string
  /** From `TYPE=<recipe>:<version>`. */
  version: string | undefined
  stack: string
}

export const serversDir = (): string => join(abraDir(), 'servers')

/** Looks for an app's `.env` under all servers. */
export function findApp(domain: string | undefined): StandInApp {
  const servers = existsSync(serversDir()) ? readdirSync(serversDir()) : []
  const file = servers.map((server) => join(serversDir(), server, `${domain}.env`)).find((path) => existsSync(path))
  if (!domain || !file) throw new FataError(`cannot find app with name ${domain}`)
  const env = readEnv(readFileSync(file, 'utf8'))
  const [recipe = '', version] = (env.TYPE || env.RECIPE || '').split(':')
  if (!recipe) throw new FataError(`${domain}: missing TYPE env var`)
  return { domain, file, recipe, version, stack: domain.replaceAll('.', '_') }
}

/** What the compose files are filled in with: the `.env`, what abra.sh exports, and the stack's name. */
export function variables(app: StandInApp): Record<string, string> {
  const abraSh = join(treeOf(app.recipe), 'abra.sh')
  const text = existsSync(abraSh) ? readFileSync(abraSh, 'utf8') : ''
  const exported = [...text.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, bare(value)])
  return {
    ...readEnv(readFileSync(app.file, 'utf8')),
    ...(Object.fromEntries(exported) as Record<string, string>),
    STACK_NAME: app.stack,
  }
}

const bare = (value: string): string => value.trim().replace(/^(['"])(.*)\1$/, '$2')

/** Lines of an `.env`: `NAME=value # comment`, quotes as in a shell, `$NAME` from the lines above. */
function readEnv(text: string): Record<string, string> {
  const env: Record<string, string> = {}
  const fill = (value: string) =>
    value.replace(/\\(.)|\$\{(\w+)\}|\$(\w+)/g, (_, escaped?: string, braced?: string, plain?: string) =>
      escaped === undefined ? (env[braced ?? plain ?? ''] ?? '') : escaped === 'n' ? '\n' : escaped,
    )
  for (const line of text.split(/\r?\n/)) {
    const [, name, rest = ''] = /^\s*(?:export\s+)?(\w+)=(.*)$/.exec(line) ?? []
    if (name === undefined) continue
    const [, single] = /^'([^']*)'/.exec(rest) ?? []
    const [, double] = /^"((?:[^"\\]|\\.)*)"/.exec(rest) ?? []
    env[name] = single ?? fill(double ?? rest.replace(/(^|\s)#.*$/, '').trim())
  }
  return env
}

/** The modifiers of a variable (`# length=20 charset=hex`), from the app's `.env`. */
export function modifiers(app: StandInApp, variable: string): Record<string, string> {
  const line = readFileSync(app.file, 'utf8')
    .split('\n')
    .findLast((one) => one.startsWith(`${variable}=`))
  const found = [...(line ?? '').matchAll(/\b(length|charset|generate)=(\S+)/g)]
  return Object.fromEntries(found.map(([, name = '', value = '']) => [name, value]))
}

/** Writes what was deployed into the app's `.env`. */
export function writeType(app: StandInApp, version: string): void {
  const text = readFileSync(app.file, 'utf8')
  writeFileSync(app.file, text.replaceAll(/^(TYPE|RECIPE)=.*$/gm, `$1=${app.recipe}:${version}`))
}
