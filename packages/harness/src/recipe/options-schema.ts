import { z } from 'zod'
import type { App } from '../app/app.ts'
import { STAGES, type Stage } from '../run/stages.ts'
import type { OptionContext } from './option-context.ts'
import type { BackupDump, RecipeOptions } from './options.ts'

/** What the reference says of an option beside its name. */
export interface OptionMeta {
  description: string
  /** What it takes, in words or as TypeScript. */
  type: string
  /** What holds when it is absent. */
  default: string
  /** A line of `recipe.ts`. */
  example: string
}

/** The values of an `env` option, also of what its function returns. */
export const variablesSchema = z.record(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a variable name'),
  z.string('text; put quotes round it'),
)

/** The values of `secrets`, also of what its function returns. */
export const secretsSchema = z.record(z.string(), z.string('text'))

const ENV_TYPE = '`{ NAME: "value" }`, or a function of the app’s domain (and of `{ realm }`) that returns that'

const variablesFunction = z.custom<(domain: string, context: OptionContext) => Record<string, string>>(
  (value) => typeof value === 'function',
)
const envOption = z.union(
  [variablesSchema, variablesFunction],
  'variables as { NAME: "value" }, or a function of the domain that returns them',
)
const seconds = z.int('whole seconds').min(1, '1 second or more').max(86_400, 'at most a day').optional()
const text = z.string('text').min(1, 'text that is not empty')
const reason = z.string('the reason, in words').min(3, 'the reason, in words').optional()
const about = (meta: OptionMeta): OptionMeta & Record<string, unknown> => ({ ...meta })

/** The shape of `recipe.ts`; unknown keys are refused. The descriptions are what `docs/options.md` is made of. */
export const recipeOptionsSchema = z.strictObject({
  env: envOption.optional().meta(
    about({
      description: 'Variables on top of `.env.sample`, at every version.',
      type: ENV_TYPE,
      default: 'none',
      example: 'env: (domain) => ({ SANDBOX_DOMAIN: `sandbox-${domain}` })',
    }),
  ),
  upgradeEnv: envOption.optional().meta(
    about({
      description:
        'More variables for the version under test alone: from the upgrade on, and where it is installed afresh. They win over `env`.',
      type: ENV_TYPE,
      default: 'none',
      example: "upgradeEnv: { NEW_FEATURE: 'true' }",
    }),
  ),
  plan: z
    .enum(['full', 'single'], 'full or single')
    .optional()
    .meta(
      about({
        description:
          'How often the app is deployed: `full` up to three times, `single` once (for apps that are heavy to bring up). `--plan` wins over it.',
        type: '`"full"` or `"single"`',
        default: '`"full"`',
        example: "plan: 'single'",
      }),
    ),
  timeouts: z
    .strictObject({
      deploy: seconds.meta(
        about({
          description: 'Until every service is up.',
          type: 'seconds',
          default: '`CCCI_DEPLOY_TIMEOUT`, 600',
          example: 'timeouts: { deploy: 1500 }',
        }),
      ),
      http: seconds.meta(
        about({
          description: 'How much longer the app may take until it answers, and `ready` is content.',
          type: 'seconds',
          default: '`CCCI_HTTP_TIMEOUT`, 300',
          example: 'timeouts: { http: 600 }',
        }),
      ),
      use: seconds.meta(
        about({
          description: 'How long one test may take once its app is ready.',
          type: 'seconds',
          default: '`CCCI_USE_TIMEOUT`, 600',
          example: 'timeouts: { use: 1200 }',
        }),
      ),
      settle: seconds.meta(
        about({
          description: 'How long an app that does nothing may go on giving a wrong answer until that is its last word.',
          type: 'seconds',
          default: '`CCCI_SETTLE_TIME`, 12',
          example: 'timeouts: { settle: 60 }',
        }),
      ),
      recipeLocal: seconds.meta(
        about({
          description: "How long all tests of the recipe's own repository may take together.",
          type: 'seconds',
          default: '`CCCI_RECIPE_LOCAL_TIMEOUT`, 600',
          example: 'timeouts: { recipeLocal: 1200 }',
        }),
      ),
    })
    .optional(),
  health: z
    .strictObject({
      path: z
        .string()
        .startsWith('/', 'a path that starts with "/"')
        .optional()
        .meta(
          about({
            description: 'The path that tells whether the app is well.',
            type: 'a path',
            default: '`"/"`',
            example: "health: { path: '/api/health' }",
          }),
        ),
      statuses: z
        .array(z.int('HTTP statuses').min(100).max(599))
        .min(1, 'at least one HTTP status')
        .optional()
        .meta(
          about({
            description:
              'The statuses by which it says so. The reverse proxy’s own 404 and a wrong certificate never count.',
            type: 'HTTP statuses',
            default: '`[200, 301, 302]`',
            example: 'health: { statuses: [200, 401] }',
          }),
        ),
    })
    .optional(),
  ready: z
    .custom<(app: App) => void | Promise<void>>((value) => typeof value === 'function', 'a function')
    .optional()
    .meta(
      about({
        description:
          'Asked once the app answers over HTTP and all services are up, again and again until it does not throw. The app counts as ready then.',
        type: 'a function of the app, which may be async',
        default: 'an answer is enough',
        example:
          "ready: async (app) => { if ((await app.exec('db', 'pg_isready')).exitCode) throw new Error('no database') }",
      }),
    ),
  dependencies: z
    .array(z.enum(['keycloak'], '"keycloak"'), 'a list of "keycloak"')
    .min(1, 'at least one of "keycloak"')
    .optional()
    .meta(
      about({
        description:
          'Apps that are needed beside the one under test. `keycloak`: a realm, made before the first deployment, for `env`, `upgradeEnv` and `secrets`, and for the tests by the fixture `warmKeycloakRealm` (see warm.md).',
        type: 'a list of `"keycloak"`',
        default: 'none',
        example: "dependencies: ['keycloak']",
      }),
    ),
  backup: z
    .strictObject({
      verify: z
        .custom<(dump: BackupDump) => void | Promise<void>>((value) => typeof value === 'function', 'a function')
        .optional()
        .meta(
          about({
            description: 'Looks at each saved file that the backup labels name, and throws when it is no good.',
            type: 'a function of `{ volume, path, content }`, which may be async',
            default: 'cc-ci’s own checks: not empty, not cut short',
            example:
              "backup: { verify: ({ content }) => { if (!content.includes('PostgreSQL')) throw new Error('no dump') } }",
          }),
        ),
      witness: z
        .boolean('true or false')
        .optional()
        .meta(
          about({
            description: 'Whether cc-ci may put files of its own into the volumes to see them come back.',
            type: '`true` or `false`',
            default: '`true`',
            example: 'backup: { witness: false }',
          }),
        ),
    })
    .optional(),
  upgradeBases: z
    .array(
      z.union([text, z.strictObject({ version: text, env: envOption.optional() })], 'a version, or { version, env }'),
      'a list of versions',
    )
    .min(1, 'at least one version')
    .optional()
    .meta(
      about({
        description:
          'The published versions to upgrade from, each on its own. The `env` of one is for its deployment, on top of the recipe’s; the upgrade then sets `env` and `upgradeEnv`, and what only the base had stays in the `.env`, as it does for an operator.',
        type: 'a list of versions, or of `{ version, env }`',
        default: 'the newest one older than the version under test',
        example: "upgradeBases: ['1.9.0+1.27.0', { version: '1.0.0+1.20.0', env: { OLD_NAME: 'x' } }]",
      }),
    ),
  notApplicable: z
    .strictObject(Object.fromEntries(STAGES.map((stage) => [stage, reason])) as Record<Stage, typeof reason>)
    .optional()
    .meta(
      about({
        description: 'Stages that make no sense for this recipe, each with the reason, which the record keeps.',
        type: `\`{ ${STAGES.map((stage) => (stage.includes('-') ? `"${stage}"` : stage)).join(', ')} }\`, each a text`,
        default: 'every stage applies',
        example: "notApplicable: { backup: 'it stores nothing' }",
      }),
    ),
  canonical: z
    .boolean('true or false')
    .optional()
    .meta(
      about({
        description:
          'Enrols the recipe for a canonical: a known-good app with its data, which green runs of the latest version are promoted to, and quick runs upgrade.',
        type: '`true` or `false`',
        default: '`false`',
        example: 'canonical: true',
      }),
    ),
  overlay: text.optional().meta(
    about({
      description:
        'A compose file to lay over the recipe’s own, last, for CI only. Relative to the file that names it.',
      type: 'a path',
      default: 'none',
      example: "overlay: 'compose.ccci.yml'",
    }),
  ),
  secrets: z
    .union([secretsSchema, variablesFunction], 'secrets as { key: "value" }, or a function that returns them')
    .optional()
    .meta(
      about({
        description: 'Values of secrets by their compose key, for those that cannot be generated. Never shown.',
        type: '`{ key: "value" }`, or a function of the app’s domain and of `{ realm }` that returns that',
        default: 'all are generated',
        example: 'secrets: (_domain, { realm }) => ({ oidc_client_secret: realm.client.secret })',
      }),
    ),
  weight: z
    .int('a whole number')
    .min(1, 'a whole number from 1 up')
    .max(64, 'at most 64')
    .optional()
    .meta(
      about({
        description: 'How much of a host’s capacity a run of this recipe takes.',
        type: 'a whole number from 1 to 64',
        default: '1',
        example: 'weight: 2',
      }),
    ),
}) satisfies z.ZodType<RecipeOptions>
