import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { parse, stringify } from 'yaml'
import { FataError } from './fata.ts'
import { treeOf } from './recipe.ts'

/** A compose file as it is written. */
export interface ComposeFile {
  version?: string
  services?: Record<string, { environment?: unknown; secrets?: unknown[]; deploy?: { labels?: unknown } } | null>
  secrets?: Record<string, { external?: unknown; name?: string; file?: string } | null>
  configs?: Record<string, { file?: string } | null>
}

/** The files of COMPOSE_FILE, as they are written. */
export function readComposeFiles(recipe: string, env: Record<string, string>): ComposeFile[] {
  const names = (env.COMPOSE_FILE || 'compose.yml').split(':').filter(Boolean)
  return names.map((name) => {
    const path = join(treeOf(recipe), name)
    if (!existsSync(path)) throw new FataError(`${path} does not exist?`)
    try {
      return parse(readFileSync(path, 'utf8'), { merge: true }) as ComposeFile
    } catch (error) {
      throw new FataError(`${name}: ${String(error).split('\n')[0]}`)
    }
  })
}

/** `${NAME}`, `$NAME` and `${NAME:-default}`, as far as names of secrets need it. */
const interpolate = (text: string, env: Record<string, string>): string =>
  text.replace(/\$\{(\w+)(?::?-([^}]*))?\}|\$(\w+)/g, (_, braced?: string, otherwise?: string, plain?: string) => {
    return env[braced ?? plain ?? ''] || (otherwise ?? '')
  })

/** The external secrets of all files, by key, with their full names. */
export function externalSecrets(files: ComposeFile[], env: Record<string, string>): { key: string; name: string }[] {
  const all = Object.assign({}, ...files.map((file) => file.secrets ?? {})) as Record<string, { name?: string }>
  return Object.entries(all)
    .filter(([, secret]) => (secret as { external?: unknown } | null)?.external)
    .map(([key, secret]) => ({ key, name: interpolate(secret.name ?? key, env) }))
}

/** Labels and variables for the service `app`; a variable that a file sets is left as it is, a label is not. */
export function change(files: ComposeFile[], labels: Record<string, string>, env: Record<string, string>): void {
  const mentions = files.flatMap(({ services }) => (services?.app ? [services.app] : []))
  const last = mentions.at(-1)
  if (!last) throw new FataError('no service "app"')
  const set = mentions.flatMap((app) => keysOf(app.environment, env))
  const missing = Object.fromEntries(Object.entries(env).filter(([name]) => !set.includes(name)))
  last.environment = added(last.environment, missing, env)
  last.deploy = { ...last.deploy, labels: added(last.deploy?.labels, labels, env) }
}

const keyOf = (item: unknown, env: Record<string, string>): string => interpolate(String(item), env).split('=')[0] ?? ''

const keysOf = (written: unknown, env: Record<string, string>): string[] =>
  Array.isArray(written) ? written.map((item) => keyOf(item, env)) : Object.keys(written ?? {})

/** A list stays a list, since docker fills in templates in its items, but not in the keys of a map. */
function added(written: unknown, entries: Record<string, string>, env: Record<string, string>): unknown {
  if (!Array.isArray(written)) return { ...(written as object | undefined), ...escaped(entries) }
  const kept = written.filter((item) => !(keyOf(item, env) in entries))
  return [...kept, ...Object.entries(escaped(entries)).map(([name, value]) => `${name}=${value}`)]
}

const escaped = (values: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value.replaceAll('$', '$$$$')]))

/** Writes the changed files where docker can read them; what they name by a relative path stays where it was. */
export function writeFiles(recipe: string, files: ComposeFile[]): { folder: string; paths: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'abra-stand-in-'))
  const paths = files.map((file, index) => {
    for (const object of [...Object.values(file.configs ?? {}), ...Object.values(file.secrets ?? {})]) {
      if (object?.file && !isAbsolute(object.file)) object.file = join(treeOf(recipe), object.file)
    }
    const path = join(folder, `${index}.yml`)
    writeFileSync(path, stringify({ ...file, version: file.version ?? '3.8' }, { version: '1.1' }))
    return path
  })
  return { folder, paths }
}
