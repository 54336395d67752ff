import { existsSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { z } from 'zod'

const absolutePath = z
  .string()
  .min(1)
  .transform((path) => (isAbsolute(path) ? path : resolve(path)))

const seconds = z.coerce.number().int().min(1).max(86_400)

const UNITS: Record<string, number> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 }

const size = z.union([z.string(), z.number()]).transform((value, context) => {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?$/i.exec(String(value).trim())
  if (!match) {
    context.addIssue({ code: 'custom', message: 'a size such as 500MB or 2GB' })
    return z.NEVER
  }
  return Math.round(Number(match[1]) * (UNITS[(match[2] ?? '').toUpperCase()] ?? 1))
})

const KEEP_DEFAULT_S = 3600
const SECONDS_IN: Record<string, number> = { '': 1, s: 1, m: 60, h: 3600 }

/** Seconds; 0 is not at all. */
const keepTime = z.union([z.string(), z.number(), z.boolean()]).transform((value, context) => {
  const text = String(value).trim().toLowerCase()
  if (['no', 'false', '0'].includes(text)) return 0
  if (['yes', 'true'].includes(text) && !process.env.CI) return KEEP_DEFAULT_S
  const match = /^(\d+)\s*([smh]?)$/.exec(text)
  const seconds = Number(match?.[1]) * (SECONDS_IN[match?.[2] ?? ''] ?? 1)
  if (seconds >= 1 && seconds <= 86_400) return seconds
  context.addIssue({ code: 'custom', message: 'a time of at most a day' })
  return z.NEVER
})

/** As much as a host's capacity can be set to. */
export const MAX_CAPACITY = 64

const hostAndPort = z.string().regex(/^[^\s:/]+:\d{1,5}$/)

const domainName = z.string().regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/)

/** An app that tests use beside the one under test, and that is kept up. */
const sharedApp = z.strictObject({
  /** The recipe's name. */
  recipe: z.string().regex(/^[A-Za-z0-9][\w.-]*$/),
  /** Whether it keeps data: its volumes are saved before each upgrade then, and put back after a failed one. */
  stateful: z.boolean(),
  /** Default: `warm-<recipe>.<base domain>`. */
  domain: domainName.optional(),
  /** What tells health. Default: what its suite's recipe.ts says. */
  health: z
    .strictObject({ path: z.string().startsWith('/'), statuses: z.array(z.number().int()).min(1).default([200]) })
    .optional(),
})

/** One of the shared apps. */
export type SharedAppSetting = z.infer<typeof sharedApp>

/** `keycloak`, or `traefik:stateless`. */
const sharedApps = z.union([
  z
    .string()
    .regex(/^[\s,]*([A-Za-z0-9][\w.-]*(:(stateful|stateless))?([\s,]+|$))*$/)
    .transform((text) =>
      text.split(/[\s,]+/).flatMap((one) => {
        const [recipe, kind = 'stateful'] = one.split(':')
        return recipe ? [{ recipe, stateful: kind === 'stateful' }] : []
      }),
    )
    .pipe(z.array(sharedApp)),
  z.array(sharedApp),
])

const recipeNames = z
  .union([z.string().transform((text) => text.split(/[\s,]+/).filter(Boolean)), z.array(z.string())])
  .pipe(z.array(z.string().regex(/^[A-Za-z0-9][\w.-]*$/)))

/** Where a user's programs keep state (XDG Base Directory Specification). */
const defaultStateDir = (): string => join(process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'cc-ci')

/** One place for all users of a machine, whatever their state directories: apps are named per engine, not per user. */
const defaultLeaseDir = (): string => join(existsSync('/run/lock') ? '/run/lock' : tmpdir(), 'cc-ci')

/** Debian's browsers; the one without a user interface needs half the processor time. */
const BROWSERS = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'] as const

const defaultChromium = (): string => BROWSERS.find((path) => existsSync(path)) ?? BROWSERS[0]

/** One setting: its shape, how it is said in words, and the variable that sets it. */
interface Setting {
  variable: string
  takes: string
  schema: z.ZodType
}

/**
 * Every setting of a host, in one place. `variable` is the environment variable; the key is the name in `cc-ci.config.ts`
 * and in the dev host's `host.json`.
 */
export const SETTINGS = {
  stateDir: {
    variable: 'CCCI_STATE_DIR',
    takes: 'a folder',
    schema: absolutePath.default(defaultStateDir),
  },
  dockerHost: {
    variable: 'DOCKER_HOST',
    takes: 'unix:///path/to/docker.sock or tcp://host:port',
    schema: z
      .string()
      .regex(/^(unix:\/\/\/|tcp:\/\/)\S+$/)
      .default('unix:///var/run/docker.sock'),
  },
  leaseDir: {
    variable: 'CCCI_LEASE_DIR',
    takes: 'a folder on this machine, the same for everybody who uses its Docker engine',
    schema: absolutePath.default(defaultLeaseDir),
  },
  baseDomain: {
    variable: 'CCCI_BASE_DOMAIN',
    takes: 'a domain name in lower case, such as ci.example.org',
    schema: domainName.default('ci.localhost'),
  },
  proxyAddress: {
    variable: 'CCCI_PROXY_ADDRESS',
    takes: 'host:port of the reverse proxy (when the domain has no DNS record)',
    schema: hostAndPort.optional(),
  },
  caFile: {
    variable: 'CCCI_CA_FILE',
    takes: 'a PEM file with the authority that signed the wildcard certificate',
    schema: absolutePath.optional(),
  },
  engine: {
    variable: 'CCCI_ENGINE',
    takes: 'swarm (built in) or abra (where it is installed): what deploys the apps',
    schema: z.enum(['swarm', 'abra']).default('swarm'),
  },
  abra: {
    variable: 'CCCI_ABRA',
    takes: 'the name or the path of abra, for the engine "abra"',
    schema: z.string().min(1).default('abra'),
  },
  abraDir: {
    variable: 'CCCI_ABRA_DIR',
    takes: "the host's own ABRA_DIR; runs share its servers and catalogue, nothing else",
    schema: absolutePath.default(() => join(homedir(), '.abra')),
  },
  abraServer: {
    variable: 'CCCI_ABRA_SERVER',
    takes: "abra's name for the server that DOCKER_HOST is",
    schema: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/)
      .default('default'),
  },
  backup: {
    variable: 'CCCI_BACKUP',
    takes: 'restic (built in) or backupbot (a deployed backup-bot-two, through the engine "abra"): what makes backups',
    schema: z.enum(['restic', 'backupbot']).default('restic'),
  },
  abraBackup: {
    variable: 'CCCI_ABRA_BACKUP',
    takes: "abra's words for a backup, with {domain} in them",
    schema: z.string().includes('{domain}').default('app backup create {domain}'),
  },
  abraRestore: {
    variable: 'CCCI_ABRA_RESTORE',
    takes: "abra's words for a restore, with {domain} in them, and {snapshot} where it takes one",
    schema: z.string().includes('{domain}').default('app restore {domain}'),
  },
  proxyNetwork: {
    variable: 'CCCI_PROXY_NETWORK',
    takes: "the name of the reverse proxy's overlay network",
    schema: z.string().min(1).default('proxy'),
  },
  proxyContainer: {
    variable: 'CCCI_PROXY_CONTAINER',
    takes: "the reverse proxy's container, by which apps reach each other (when the domain has no DNS record)",
    schema: z.string().min(1).optional(),
  },
  recipeSources: {
    variable: 'CCCI_RECIPE_SOURCES',
    takes: 'folders of recipe repositories, or git URLs with {recipe} in them, separated by spaces or commas',
    schema: z
      .union([z.string().transform((text) => text.split(/[\s,]+/).filter(Boolean)), z.array(z.string().min(1))])
      .pipe(z.array(z.string()).min(1))
      .default(['https://git.coopcloud.tech/coop-cloud/{recipe}.git']),
  },
  ipvs: {
    variable: 'CCCI_IPVS',
    takes: 'auto, yes or no: whether service virtual IPs forward on this host',
    schema: z.enum(['auto', 'yes', 'no']).default('auto'),
  },
  chromium: {
    variable: 'CCCI_CHROMIUM',
    takes: 'the path of a Chromium executable',
    schema: absolutePath.default(defaultChromium),
  },
  keycloakFile: {
    variable: 'CCCI_KEYCLOAK_FILE',
    takes: 'the path of the file that says how to administer the warm Keycloak',
    schema: absolutePath.optional(),
  },
  helperImage: {
    variable: 'CCCI_HELPER_IMAGE',
    takes: 'the name of an image with a shell, coreutils and restic',
    schema: z.string().min(1).default('cc-ci/helper:latest'),
  },
  minFreeDisk: {
    variable: 'CCCI_MIN_FREE_DISK',
    takes: 'a size such as 500MB or 2GB',
    schema: size.default(2 * 2 ** 30),
  },
  deployTimeout: {
    variable: 'CCCI_DEPLOY_TIMEOUT',
    takes: 'seconds, 1 to 86400',
    schema: seconds.default(600),
  },
  httpTimeout: {
    variable: 'CCCI_HTTP_TIMEOUT',
    takes: 'seconds, 1 to 86400',
    schema: seconds.default(300),
  },
  settleTime: {
    variable: 'CCCI_SETTLE_TIME',
    takes: 'seconds, 1 to 86400: an idle app that keeps giving a wrong answer this long is hopeless',
    schema: seconds.default(12),
  },
  useTimeout: {
    variable: 'CCCI_USE_TIMEOUT',
    takes: 'seconds, 1 to 86400: how long one test may take once its app is ready',
    schema: seconds.default(600),
  },
  recipeLocalTimeout: {
    variable: 'CCCI_RECIPE_LOCAL_TIMEOUT',
    takes: "seconds, 1 to 86400: how long all tests of the recipe's own repository may take together",
    schema: seconds.default(600),
  },
  blockTimeout: {
    variable: 'CCCI_BLOCK_TIMEOUT',
    takes: 'seconds, 1 to 86400: how long a test may block its process (a loop that waits for nothing)',
    schema: seconds.default(120),
  },
  keepOnFailure: {
    variable: 'CCCI_KEEP_ON_FAILURE',
    takes: 'no, yes (an hour; in CI a time must be given), or how long a failed app stays up, such as 45m or 2h',
    schema: keepTime.prefault('no'),
  },
  teardownTimeout: {
    variable: 'CCCI_TEARDOWN_TIMEOUT',
    takes: 'seconds, 1 to 86400',
    schema: seconds.default(120),
  },
  capacity: {
    variable: 'CCCI_CAPACITY',
    takes: `a whole number from 1 to ${MAX_CAPACITY}: the weight of all runs that may be up at once`,
    schema: z.coerce.number().int().min(1).max(MAX_CAPACITY).default(1),
  },
  queueTimeout: {
    variable: 'CCCI_QUEUE_TIMEOUT',
    takes: 'seconds, 1 to 86400: how long a run waits for its turn and for capacity',
    schema: seconds.default(7200),
  },
  pruneAt: {
    variable: 'CCCI_PRUNE_AT',
    takes: 'percent, 0 to 100: how full the disk must be before Docker is pruned',
    schema: z.coerce.number().min(0).max(100).default(80),
  },
  recordBudget: {
    variable: 'CCCI_RECORD_BUDGET',
    takes: 'a size such as 500MB or 2GB: what all run records together may take',
    schema: size.default(2 * 2 ** 30),
  },
  recordKeep: {
    variable: 'CCCI_RECORD_KEEP',
    takes: 'a whole number from 1 to 10000: so many of the newest runs of each recipe stay, whatever they take',
    schema: z.coerce.number().int().min(1).max(10_000).default(20),
  },
  snapshotBudget: {
    variable: 'CCCI_SNAPSHOT_BUDGET',
    takes: 'a size such as 500MB or 2GB: what all snapshots together may take',
    schema: size.default(20 * 2 ** 30),
  },
  sweepRecipes: {
    variable: 'CCCI_SWEEP_RECIPES',
    takes:
      'names of recipes that the nightly sweep tests beside those enrolled by recipe.ts, separated by spaces or commas',
    schema: recipeNames.default([]),
  },
  sweepHostCommand: {
    variable: 'CCCI_SWEEP_HOST_COMMAND',
    takes: 'a shell command with which the nightly sweep begins, such as an update of the host',
    schema: z.string().min(1).optional(),
  },
  sweepHostTimeout: {
    variable: 'CCCI_SWEEP_HOST_TIMEOUT',
    takes: 'seconds, 1 to 86400: how long that command may take',
    schema: seconds.default(3600),
  },
  sharedApps: {
    variable: 'CCCI_SHARED_APPS',
    takes: 'names of recipes, each with :stateful (the default) or :stateless, separated by spaces or commas',
    schema: sharedApps.default([]),
  },
  alertCommand: {
    variable: 'CCCI_ALERT_COMMAND',
    takes: 'a shell command that gets each alert as JSON on its standard input',
    schema: z.string().min(1).optional(),
  },
  alertWebhook: {
    variable: 'CCCI_ALERT_WEBHOOK',
    takes: 'an http or https URL that each alert is posted to as JSON',
    schema: z
      .string()
      .regex(/^https?:\/\/\S+$/)
      .optional(),
  },
  alertSecret: {
    variable: 'CCCI_ALERT_SECRET',
    takes: 'at least 16 characters: the key by which posted alerts are signed',
    schema: z.string().min(16).optional(),
  },
} as const satisfies Record<string, Setting>

/** The settings in force, each checked and converted: sizes in bytes, times in seconds, paths absolute. */
export type Settings = { readonly [K in keyof typeof SETTINGS]: z.output<(typeof SETTINGS)[K]['schema']> }

/** Settings as a configuration file gives them: any of them, unconverted. */
export type SettingsInput = { [K in keyof typeof SETTINGS]?: z.input<(typeof SETTINGS)[K]['schema']> }
