import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LINT_RULES, lintTree } from './lint.ts'
import { findingText, type LintRule, lintReport } from './report.ts'
import { readLintTree } from './tree.ts'

// Every rule, by a recipe that keeps it and by one that breaks it.

type Files = Record<string, string | undefined>
/** A change to one file: each of these pieces of text for another. */
type Edit = Record<string, [from: string, to: string][] | string | undefined>

const STACK = 'site-3f9a2c_ci_localhost'

const GOOD: Record<string, string> = {
  'README.md': `# site
<!-- metadata -->
* **Category**: Apps
* **Status**: 4
* **Image**: nginx
* **Healthcheck**: Yes
* **Backups**: Yes
* **Email**: N/A
* **Tests**: No
* **SSO**: N/A
<!-- endmetadata -->
`,
  '.env.sample': `TYPE=site
DOMAIN=site.example.org
LETS_ENCRYPT_ENV=production
SECRET_KEY_VERSION=v1 # length=32
#COMPOSE_FILE="compose.yml:compose.mail.yml"
`,
  'abra.sh': 'export CONF_VERSION=v1\n',
  'site.conf': 'a configuration',
  'compose.yml': `version: "3.8"
services:
  app:
    image: nginx:1.22.1
    configs: [conf]
    secrets: [key]
    volumes:
      - content:/data
    healthcheck:
      test: curl localhost
    deploy:
      labels:
        - "traefik.enable=true"
        - "traefik.http.routers.\${STACK_NAME}.rule=Host(\`\${DOMAIN}\`)"
        - "traefik.http.routers.\${STACK_NAME}.tls.certresolver=\${LETS_ENCRYPT_ENV}"
        - "backupbot.backup=\${ENABLE_BACKUPS:-true}"
        - "coop-cloud.\${STACK_NAME}.version=1.0.0+1.22.1"
  worker:
    image: registry.example.org:5000/worker:v2
    healthcheck:
      test: ["CMD", "true"]
volumes:
  content:
configs:
  conf:
    name: \${STACK_NAME}_conf_\${CONF_VERSION}
    file: site.conf
secrets:
  key:
    external: true
    name: \${STACK_NAME}_key_\${SECRET_KEY_VERSION}
`,
  'compose.mail.yml': 'version: "3.8"\nservices:\n  app:\n    environment:\n      - MAIL=${MAIL}\n',
}

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ccci-lint-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function edited(edit: Edit): Files {
  const files: Files = { ...GOOD }
  for (const [file, changes] of Object.entries(edit)) {
    if (!Array.isArray(changes)) files[file] = changes
    else {
      for (const [from, to] of changes) {
        if (!files[file]?.includes(from)) throw new Error(`${file} has no "${from}"`)
        files[file] = files[file]?.replace(from, to)
      }
    }
  }
  return files
}

async function treeOf(name: string, files: Files) {
  const dir = join(folder, name)
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, file)), { recursive: true })
    if (text !== undefined) writeFileSync(join(dir, file), text)
  }
  return await readLintTree(dir, { domain: 'site-3f9a2c.ci.localhost', stack: STACK, env: {} })
}

async function lint(edit: Edit, more: { recipe?: string; base?: Edit } = {}): Promise<LintRule[]> {
  const tree = await treeOf('under-test', edited(edit))
  const base = { version: '0.9.0+1.22.1', tree: await treeOf('base', edited(more.base ?? {})) }
  return lintTree({
    recipe: more.recipe ?? 'site',
    stack: STACK,
    tree,
    tag: undefined,
    published: [],
    base,
    noBase: '',
  }).rules
}

/** What is found, by rule. */
const found = (rules: LintRule[]) =>
  Object.fromEntries(
    rules.filter(({ outcome }) => outcome === 'findings').map(({ id, findings }) => [id, findings.map(findingText)]),
  )

test('every rule has an id of its own, and the report keeps to its schema', async () => {
  const ids = LINT_RULES.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.slice(0, 16)).toEqual(Array.from({ length: 16 }, (_, index) => `R${String(index + 1).padStart(3, '0')}`))
  expect(() => lintReport.parse({ durationMs: 1, rules: [] })).not.toThrow()
  expect(lintReport.parse({ durationMs: 1, rules: await lint({}) }).rules).toHaveLength(ids.length)
})

test('a recipe as it should be satisfies every rule that can be told', async () => {
  const rules = await lint({})
  expect(found(rules)).toEqual({})
  const skipped = rules.filter(({ outcome }) => outcome === 'skipped').map(({ id, reason }) => `${id}: ${reason}`)
  expect(skipped).toEqual([
    "R006: cc-ci does not ask abra's catalogue",
    'R013: cc-ci does not ask git.coopcloud.tech',
    'R016: what it wants is not known to cc-ci',
    'C003: the commit under test is no published version',
  ])
})

describe('a rule finds', () => {
  const cases: [id: string, what: string, edit: Edit, findings: string[], base?: Edit][] = [
    [
      'R001',
      'another version',
      { 'compose.yml': [['"3.8"', '"3.7"']], 'compose.mail.yml': [['"3.8"', '"3.7"']] },
      ['compose.yml:1: The version is "3.7".', 'compose.mail.yml:1: The version is "3.7".'],
    ],
    [
      'R002',
      'a service without a healthcheck',
      { 'compose.yml': [['    healthcheck:\n      test: ["CMD", "true"]\n', '']] },
      ['compose.yml:18: The service "worker" has no healthcheck.'],
    ],
    [
      'R003',
      "an image without a tag, its registry's port aside",
      { 'compose.yml': [[':v2', '']] },
      ['compose.yml:19: worker: registry.example.org:5000/worker has no tag.'],
    ],
    [
      'R004',
      'a tag that moves',
      { 'compose.yml': [[':v2', ':latest']] },
      ['compose.yml:19: worker: registry.example.org:5000/worker:latest is another image each time.'],
    ],
    [
      'R005',
      'a tag that is no version',
      { 'compose.yml': [[':v2', ':production']] },
      ['compose.yml:19: worker: registry.example.org:5000/worker:production has a tag that is no version.'],
    ],
    ['R007', 'a README without metadata', { 'README.md': '# site' }, ['README.md: There is no metadata block.']],
    [
      'R007',
      'an empty field of the metadata',
      { 'README.md': [['**Tests**: No', '**Tests**:']] },
      ['README.md:2: These fields are not filled in: Tests.'],
    ],
    [
      'R009',
      'what cannot be loaded',
      { 'compose.yml': [['      - content:/data', '      - cotnent:/data']] },
      ['compose.yml:7: services.app.volumes name "cotnent", which the top-level "volumes:" do not have.'],
    ],
    [
      'R010',
      'an app that nothing routes to',
      { 'compose.yml': [['traefik.enable=true', 'traefik.enable=false']] },
      ['No service is routed to: none has the label traefik.enable=true under deploy.'],
    ],
    [
      'R011',
      'a service without an image',
      { 'compose.yml': [['    image: registry.example.org:5000/worker:v2\n', '']] },
      ['compose.yml:18: The service "worker" has no image.'],
    ],
    [
      'R012',
      'a config version that abra.sh does not export',
      { 'abra.sh': undefined, '.env.sample': [['TYPE', 'CONF_VERSION=v1\nTYPE']] },
      ['compose.yml:25: The config "conf" takes its version from CONF_VERSION, which abra.sh does not export.'],
    ],
    [
      'R015',
      'a long secret name',
      {
        'compose.yml': [
          ['secrets: [key]', 'secrets: [a_very_long_key]'],
          ['  key:\n', '  a_very_long_key:\n'],
        ],
      },
      ['compose.yml:29: The secret\'s name "a_very_long_key" has 15 characters.'],
    ],
    [
      'C001',
      'a config whose content changed and whose version did not',
      { 'site.conf': 'another configuration' },
      ['abra.sh:1: site.conf has changed since 0.9.0+1.22.1, and the config made from it is still called "conf v1".'],
    ],
    [
      'C002',
      'a new variable without a default',
      {
        'compose.yml': [['test: curl localhost', 'test: curl ${HEALTH_HOST}']],
        '.env.sample': [['TYPE', 'HEALTH_HOST=localhost\nTYPE']],
      },
      [
        'compose.yml:10: HEALTH_HOST is new since 0.9.0+1.22.1 and has no default: it is empty for every app that exists.',
      ],
    ],
    [
      'C004',
      'a version label that is no version',
      { 'compose.yml': [['version=1.0.0+1.22.1', 'version=v1']] },
      ['compose.yml:17: The version label "v1" is no version.'],
    ],
    [
      'C004',
      'a version label on another service than app',
      {
        'compose.yml': [
          ['        - "coop-cloud.${STACK_NAME}.version=1.0.0+1.22.1"\n', ''],
          [
            '      test: ["CMD", "true"]\n',
            '      test: ["CMD", "true"]\n    deploy:\n      labels:\n        coop-cloud.${STACK_NAME}.version: 1.0.0+1\n',
          ],
        ],
      },
      // Keys of a map are not filled in.
      ['The service app has no version label.'],
    ],
    [
      'C005',
      'a TYPE of another recipe',
      { '.env.sample': [['TYPE=site', 'TYPE=old-site']] },
      ['.env.sample:1: TYPE is "old-site", and the recipe\'s repository is called "site".'],
    ],
    [
      'C007',
      'a variable that .env.sample does not mention',
      { '.env.sample': [['LETS_ENCRYPT_ENV=production\n', '']] },
      ['compose.yml:15: LETS_ENCRYPT_ENV is needed and .env.sample does not mention it.'],
    ],
    [
      'C008',
      'a secret whose version is commented out',
      { '.env.sample': [['SECRET_KEY_VERSION', '#SECRET_KEY_VERSION']] },
      ['compose.yml:29: The secret "key" needs SECRET_KEY_VERSION, whose line in .env.sample is commented out.'],
    ],
    [
      'C008',
      'a secret without a version',
      { '.env.sample': [['SECRET_KEY_VERSION=v1 # length=32\n', '']] },
      ['compose.yml:29: The secret "key" needs SECRET_KEY_VERSION, which .env.sample does not set.'],
    ],
    [
      'C009',
      'a name that swarm does not take',
      { 'compose.yml': [['  worker:', '  the_worker_with_a_name_that_goes_on_and_on:']] },
      [
        'compose.yml:18: The service name <stack>_the_worker_with_a_name_that_goes_on_and_on has 67 characters; swarm takes 64.',
      ],
      { 'compose.yml': [['  worker:', '  the_worker_with_a_name_that_goes_on_and_on:']] },
    ],
    [
      'C010',
      'a name that is too long for a long domain',
      { 'compose.yml': [['  worker:', '  the_long_named_worker:']] },
      [
        'compose.yml:18: The service name <stack>_the_long_named_worker has 67 characters when a domain is as long as it may be; swarm takes 64.',
      ],
      { 'compose.yml': [['  worker:', '  the_long_named_worker:']] },
    ],
    [
      'C011',
      'a service that is dropped',
      { 'compose.yml': [['  worker:', '  queue:']] },
      ['The service "worker" of 0.9.0+1.22.1 is gone: it stays running after an upgrade, since abra does not prune.'],
    ],
    [
      'C012',
      'a volume that is dropped',
      {
        'compose.yml': [
          ['- content:/data', '- files:/data'],
          ['  content:', '  files:'],
        ],
      },
      ['The volume "content" of 0.9.0+1.22.1 is gone: what is in it is out of reach after an upgrade.'],
    ],
    [
      'C013',
      'labels outside deploy',
      {
        'compose.yml': [
          [
            '    healthcheck:\n      test: ["CMD"',
            '    labels:\n      - mine=1\n      - backupbot.backup.pre-hook=true\n    healthcheck:\n      test: ["CMD"',
          ],
        ],
      },
      ['compose.yml:22: worker: nothing reads these labels outside deploy: backupbot.backup.pre-hook.'],
    ],
    [
      'C014',
      'a backup label that names no volume',
      {
        'compose.yml': [
          ['        - "backupbot', '        - "backupbot.backup.volumes.contents.path=a"\n        - "backupbot'],
        ],
      },
      ['app: backupbot.backup.volumes.contents.path names no volume of the stack. The nearest: content.'],
    ],
    [
      'C015',
      'an export that nothing uses',
      { 'abra.sh': [['v1', 'v1\nexport OLD_CONF_VERSION=v7']] },
      ['abra.sh:2: OLD_CONF_VERSION is used by no compose file.'],
    ],
    [
      'C015',
      'a default beside abra.sh',
      { 'compose.yml': [['${CONF_VERSION}', '${CONF_VERSION:-v0}']] },
      ['compose.yml:26: CONF_VERSION is v0 where it is not set, and abra.sh says v1.'],
    ],
    [
      'C016',
      'an overlay on offer that is not there',
      { 'compose.mail.yml': undefined },
      ['.env.sample:5: COMPOSE_FILE names compose.mail.yml, which is not there.'],
    ],
  ]
  test.each(cases)('%s %s', async (id, _, edit, findings, base = {}) => {
    expect(found(await lint(edit, { base }))).toEqual({ [id]: findings })
  })

  test('R008 a missing .env.sample, and what hangs on it is skipped', async () => {
    const rules = await lint({ '.env.sample': undefined, 'env/.env.sample': 'TYPE=site' })
    const told = found(rules)
    expect(told.R008).toEqual(['There is no .env.sample (there is one in env/, where nothing looks for it).'])
    const skipped = rules.filter(({ reason }) => reason === 'there is no .env.sample (R008)').map(({ id }) => id)
    expect(skipped).toEqual(['R010', 'C005', 'C007', 'C008'])
  })

  test('C006 a compose file in use that is not there, which nobody can load either', async () => {
    const told = found(
      await lint({ '.env.sample': [['#COMPOSE_FILE', 'COMPOSE_FILE']], 'compose.mail.yml': undefined }),
    )
    expect(told.C006).toEqual(['.env.sample:5: COMPOSE_FILE names compose.mail.yml, which is not there.'])
    expect(told.R009).toEqual(['compose.mail.yml: is listed in COMPOSE_FILE and is not there.'])
  })

  test('R009 a recipe without a service app', async () => {
    const told = found(await lint({ 'compose.yml': [['  app:', '  web:']] }))
    expect(told.R009).toEqual(['compose.yml:2: services have none named "app", which abra needs (R009).'])
  })
})

describe('a rule is content with', () => {
  const content: [what: string, edit: Edit, base: Edit][] = [
    ['a changed config under a new version', { 'site.conf': 'another configuration', 'abra.sh': [['v1', 'v2']] }, {}],
    [
      'a config whose version is a default of the compose file',
      { 'compose.yml': [['${CONF_VERSION}', '${CONF_VERSION:-v1}']], 'abra.sh': undefined },
      {},
    ],
    ['a new variable with a default', { 'compose.yml': [['curl localhost', 'curl ${HEALTH_HOST:-localhost}']] }, {}],
    [
      'a variable that was on offer in an overlay before',
      { 'compose.yml': [['curl localhost', 'curl ${MAIL}']], '.env.sample': [['TYPE', 'MAIL=\nTYPE']] },
      {},
    ],
    [
      'a dropped service and volume that the release notes speak of',
      { 'release/next': 'Remove the service extra and the volume cache by hand.' },
      {
        'compose.yml': [
          ['volumes:\n  content:', 'volumes:\n  cache:\n  content:'],
          ['  worker:', '  extra:\n    image: nginx:1.22.1\n  worker:'],
        ],
      },
    ],
    [
      'labels on the container that nothing reads',
      { 'compose.yml': [['    configs: [conf]', '    labels: { mine: "1" }\n    configs: [conf]']] },
      {},
    ],
    ['an image by its digest', { 'compose.yml': [[':v2', `@sha256:${'0'.repeat(64)}`]] }, {}],
    ['a tag with the name of a variant', { 'compose.yml': [[':v2', ':15.2-alpine']] }, {}],
  ]
  test.each(content)('%s', async (_, edit, base) => {
    expect(found(await lint(edit, { base }))).toEqual({})
  })
})
