import { readFileSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { messageOf, UsageError } from '@cc-ci/harness'
import { closest } from 'fastest-levenshtein'
import { z } from 'zod'

/** The configuration file is missing, is not one, or names a secret that cannot be read. Nothing was begun. */
export class ServeConfigError extends UsageError {}

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/)
const httpUrl = z
  .url({ protocol: /^https?$/ })
  .refine((url) => !new URL(url).username, 'without a user')
  .transform((url) => url.replace(/\/+$/, ''))
const seconds = (most: number) => z.number().positive().max(most)
const file = z.string().min(1)

const listen = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('The address to listen at.'),
  port: z.number().int().min(0).max(65_535).default(8021).describe('0: any that is free.'),
})

const gitea = z.strictObject({
  url: httpUrl.describe('Where Gitea is, without /api/v1.'),
  bot: name.describe("The bridge's own account, a member of the organisations."),
  tokenFile: file.describe('A file with its token: read:organization, write:issue, write:repository.'),
  organisations: z.array(name).min(1).describe('Whose repositories are recipes, and whose members may trigger.'),
  allow: z.array(name).default([]).describe('Accounts that may trigger without being members.'),
  webhookSecretFile: file.optional().describe('A file with the secret of the webhook; without one there is none.'),
  pollSeconds: seconds(30).default(15).describe('How long between two polls.'),
})

const local = z.strictObject({
  kind: z.literal('local').describe('A queue of its own on this host.'),
  capacity: z.number().int().min(1).max(64).default(1).describe('How many runs at once.'),
  command: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('What is run instead of `cc-ci run`, with the same arguments; for trying the bridge itself.'),
})

const drone = z.strictObject({
  kind: z.literal('drone').describe('Builds of the repository of cc-ci on a Drone server.'),
  url: httpUrl.describe('Where Drone is, without /api.'),
  tokenFile: file.describe("A file with the token of Drone's machine account."),
  repository: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*\/[A-Za-z0-9][A-Za-z0-9._-]*$/)
    .describe('The repository whose .drone.yml has the recipe pipeline.'),
  branch: name.default('main').describe('Its branch.'),
})

/** The shape of the file that `cc-ci serve` reads. */
export const serveConfig = z.strictObject({
  listen: listen.prefault({}),
  publicUrl: httpUrl.describe('Where people reach this server; links in comments begin with it.'),
  gitea,
  executor: z.discriminatedUnion('kind', [local, drone]).prefault({ kind: 'local' }),
  watchSeconds: seconds(10).default(2).describe('How long between two looks at a run that goes on.'),
  queueMinutes: z
    .number()
    .positive()
    .default(24 * 60)
    .describe('How long a run may wait for its beginning.'),
  deadlineMinutes: z
    .number()
    .positive()
    .default(4 * 60)
    .describe('How long a run may take.'),
  cancelMinutes: z.number().positive().default(20).describe('How long a run may take to end when it is told to.'),
})

export type ServeConfig = z.infer<typeof serveConfig>
export type GiteaConfig = ServeConfig['gitea']
export type DroneConfig = z.infer<typeof drone>

/**
 * Reads the configuration of `cc-ci serve`. Files that it names are relative to it.
 *
 * @throws {ServeConfigError} naming the key, with the nearest known one where it is unknown.
 */
export function readServeConfig(path: string): ServeConfig {
  let raw: unknown
  try {
    raw = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new ServeConfigError({
      happened: `The configuration ${path} cannot be read: ${messageOf(error)}`,
      todo: 'docs/bridge.md has one to begin with; on a dev host, `npm run dev-host -- up --with gitea` writes one.',
    })
  }
  const parsed = serveConfig.safeParse(raw)
  if (!parsed.success) throw refusal(path, parsed.error)
  const config = parsed.data
  const from = (secret: string) => (isAbsolute(secret) ? secret : join(dirname(path), secret))
  config.gitea.tokenFile = from(config.gitea.tokenFile)
  if (config.gitea.webhookSecretFile) config.gitea.webhookSecretFile = from(config.gitea.webhookSecretFile)
  if (config.executor.kind === 'drone') config.executor.tokenFile = from(config.executor.tokenFile)
  return config
}

function refusal(path: string, error: z.ZodError): ServeConfigError {
  const [issue] = error.issues
  const at = issue?.path.join('.') ?? ''
  if (issue?.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys
    const known = keysAt(issue.path)
    return new ServeConfigError({
      happened: `${path}: there is no "${[...issue.path, key].join('.')}".`,
      todo: `The nearest is "${closest(key, known)}". There are: ${known.join(', ')}.`,
    })
  }
  return new ServeConfigError({
    happened: `${path}: ${at || 'it'} cannot be used: ${issue?.message ?? 'it is no configuration'}.`,
    todo: 'docs/bridge.md says what each key takes.',
  })
}

const SHAPES: Record<string, readonly string[]> = {
  '': Object.keys(serveConfig.shape),
  listen: Object.keys(listen.shape),
  gitea: Object.keys(gitea.shape),
  executor: [...new Set([...Object.keys(local.shape), ...Object.keys(drone.shape)])],
}

const keysAt = (path: readonly PropertyKey[]): string[] => [...(SHAPES[path.join('.')] ?? [])]

/** The rows of the reference in docs/bridge.md. */
export function serveReference(): { key: string; about: string; default: unknown }[] {
  const rows = (prefix: string, shape: Record<string, z.ZodType>) =>
    Object.entries(shape).flatMap(([key, schema]) => {
      const about =
        schema.description ?? (schema instanceof z.ZodDefault ? (schema.unwrap() as z.ZodType).description : '')
      const fallback = schema instanceof z.ZodDefault ? schema.def.defaultValue : undefined
      const name = schema instanceof z.ZodLiteral ? `${prefix}${key}: "${schema.value}"` : `${prefix}${key}`
      return about ? [{ key: name, about, default: fallback }] : []
    })
  return [
    ...rows('', serveConfig.shape),
    ...rows('listen.', listen.shape),
    ...rows('gitea.', gitea.shape),
    ...rows('executor.', local.shape),
    ...rows('executor.', drone.shape),
  ]
}

/**
 * Reads a secret from its file.
 *
 * @throws {ServeConfigError} when it cannot be read, is empty, or anybody may read it.
 */
export function readSecretFile(path: string): string {
  let secret: string
  try {
    if (statSync(path).mode & 0o007) {
      throw new ServeConfigError({ happened: `Anybody may read ${path}.`, todo: `chmod 600 ${path}` })
    }
    secret = readFileSync(path, 'utf8').trim()
  } catch (error) {
    if (error instanceof ServeConfigError) throw error
    throw new ServeConfigError({ happened: `The secret in ${path} cannot be read: ${messageOf(error)}` })
  }
  if (!/^[\x21-\x7e]{8,}$/.test(secret)) {
    throw new ServeConfigError({
      happened: `${path} holds no secret: at least eight characters without blanks are wanted.`,
    })
  }
  return secret
}
