import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { closest } from 'fastest-levenshtein'
import { messageOf, UsageError } from '../errors.ts'
import { SETTINGS, type Settings, type SettingsInput } from './schema.ts'

/** A setting that is not one or has a value it cannot have. Nothing was touched. */
export class SettingsError extends UsageError {}

interface Layer {
  name: (key: keyof Settings) => string
  values: Record<string, unknown>
}

const KEYS = Object.keys(SETTINGS) as (keyof Settings)[]

/** The file in which a dev host says how to reach it. */
export const hostFile = (stateDir: string): string => join(stateDir, 'host.json')

function environmentLayer(env: NodeJS.ProcessEnv): Layer {
  const values: Record<string, unknown> = {}
  for (const key of KEYS) {
    const text = env[SETTINGS[key].variable]
    if (text !== undefined && text !== '') values[key] = text
  }
  return { name: (key) => SETTINGS[key].variable, values }
}

function fileLayer(file: string, values: unknown): Layer {
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw new SettingsError({
      happened: `${file} holds ${JSON.stringify(values) ?? 'nothing'}, not settings.`,
      todo: 'Export an object.',
    })
  }
  for (const key of Object.keys(values)) {
    if (!(key in SETTINGS)) {
      throw new SettingsError({
        happened: `${file}: there is no setting "${key}".`,
        todo: `The nearest is "${closest(key, KEYS)}". All settings: ${KEYS.join(', ')}.`,
      })
    }
  }
  return { name: (key) => `${key} in ${file}`, values: values as Record<string, unknown> }
}

function readHostFile(stateDir: string): Layer | undefined {
  const file = hostFile(stateDir)
  if (!existsSync(file)) return undefined
  try {
    const host = JSON.parse(readFileSync(file, 'utf8')) as { settings?: unknown }
    return fileLayer(file, host.settings ?? {})
  } catch (error) {
    if (error instanceof SettingsError) throw error
    throw new SettingsError({
      happened: `${file} cannot be read: ${messageOf(error)}`,
      todo: 'Bring the dev host up again: npm run dev-host -- up',
    })
  }
}

async function readConfig(cwd: string): Promise<Layer | undefined> {
  const file = join(cwd, 'cc-ci.config.ts')
  if (!existsSync(file)) return undefined
  const module = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as { default?: SettingsInput }
  return fileLayer(file, module.default)
}

function pick<K extends keyof Settings>(key: K, layers: Layer[]): Settings[K] {
  const layer = layers.find((candidate) => candidate.values[key] !== undefined)
  const parsed = SETTINGS[key].schema.safeParse(layer?.values[key])
  if (parsed.success) return parsed.data as Settings[K]
  throw new SettingsError({
    happened: `${layer?.name(key) ?? key} is ${JSON.stringify(layer?.values[key])}, which cannot be used.`,
    todo: `It takes ${SETTINGS[key].takes}.`,
  })
}

/**
 * Reads the settings of this host. For each, the first of these wins: the environment variable, `cc-ci.config.ts` in
 * `cwd`, the dev host's `host.json` in the state directory, the default.
 *
 * @throws {SettingsError} naming the variable or key, what it got and what it takes.
 */
export async function loadSettings(options: { env?: NodeJS.ProcessEnv; cwd?: string } = {}): Promise<Settings> {
  const layers = [environmentLayer(options.env ?? process.env)]
  const config = await readConfig(options.cwd ?? process.cwd())
  if (config) layers.push(config)
  const host = readHostFile(pick('stateDir', layers))
  if (host) layers.push(host)
  return Object.fromEntries(KEYS.map((key) => [key, pick(key, layers)])) as unknown as Settings
}
