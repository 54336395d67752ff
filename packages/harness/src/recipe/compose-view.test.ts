import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { RecipeError } from '../errors.ts'
import { ComposeError, MissingComposeFileError } from './compose/error.ts'
import { type ComposeView, readCompose } from './compose-view.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ccci-compose-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

function read(files: Record<string, string>, env: Record<string, string> = {}): Promise<ComposeView> {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true })
    writeFileSync(join(dir, name), text)
  }
  return readCompose({ dir, env, stack: 'cust-abc_ci_localhost' })
}

async function refused(files: Record<string, string>, env: Record<string, string> = {}): Promise<ComposeError> {
  const error = await read(files, env).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ComposeError)
  expect(error).toBeInstanceOf(RecipeError)
  return error as ComposeError
}

const APP = 'services: {app: {image: nginx}}\n'

describe('a recipe’s compose files', () => {
  test('are compose.yml alone when COMPOSE_FILE is not set, with or without a version', async () => {
    const view = await read({ 'compose.yml': APP, 'compose.extra.yml': 'not: read' })
    expect(view.files).toEqual([join(dir, 'compose.yml')])
    expect(view.version).toBeUndefined()
    expect(view.services.app).toMatchObject({
      name: 'app',
      image: 'nginx',
      networks: ['default'],
      mode: 'replicated',
      replicas: 1,
      hasHealthcheck: false,
    })
    expect(view.networks).toEqual({ default: { name: 'cust-abc_ci_localhost_default', external: false } })
  })

  test('are merged in the order of COMPOSE_FILE, overlays in sub-folders among them', async () => {
    const view = await read(
      {
        'compose.yml': `${APP}volumes: {data: {}}\n`,
        'postgres/compose.postgres.yml': `
services:
  app: {deploy: {labels: {a: "1"}}}
  db:
    image: postgres
    env_file: vars
    configs: [tune]
configs: {tune: {file: ./tune.conf}}
`,
        vars: 'POSTGRES_DB=x\n',
        'tune.conf': 'x',
      },
      { COMPOSE_FILE: 'compose.yml:postgres/compose.postgres.yml' },
    )
    expect(Object.keys(view.services)).toEqual(['app', 'db'])
    expect(view.services.app?.deployLabels).toEqual({ a: '1' })
    expect(view.services.db?.environmentKeys).toEqual(['POSTGRES_DB'])
    // Relative paths start at the folder of the first file.
    expect(view.configs.tune?.file).toBe(join(dir, 'tune.conf'))
  })

  test('have labels as list and as map, and those outside deploy: are told apart', async () => {
    const { services } = await read({
      'compose.yml': `
services:
  app:
    image: x
    labels: ["backupbot.backup=true"]
    deploy: {labels: ["traefik.enable=true", "coop-cloud.\${STACK_NAME}.version=1.0.0+1"]}
  db:
    image: x
    labels: {a: b}
    deploy: {labels: {"coop-cloud.\${STACK_NAME}.x": 1}}
`,
    })
    expect(services.app?.deployLabels).toEqual({
      'traefik.enable': 'true',
      'coop-cloud.cust-abc_ci_localhost.version': '1.0.0+1',
    })
    expect(services.app?.strayLabels).toEqual({ 'backupbot.backup': 'true' })
    // Docker fills in values, never keys.
    expect(services.db?.deployLabels).toEqual({ 'coop-cloud.${STACK_NAME}.x': '1' })
  })

  test('name secrets, configs, volumes and networks as Docker will know them', async () => {
    const view = await read(
      {
        'compose.yml': `
services:
  app:
    image: x
    secrets: [{source: pw, target: other}]
    configs: [{source: conf, target: /x, mode: 0555}]
    networks: {proxy: {aliases: [x]}, internal: {}}
    volumes: [data:/data, {type: volume, source: old, target: /old}]
secrets:
  pw: {external: true, name: "\${STACK_NAME}_pw_\${SECRET_PW_VERSION}"}
configs:
  conf: {file: conf.tmpl, template_driver: golang, name: "\${STACK_NAME}_conf_\${CONF_VERSION}"}
networks:
  proxy: {external: true}
  internal:
volumes:
  data:
  old: {external: {name: older}}
`,
        'conf.tmpl': '{{ env "DOMAIN" }}',
      },
      { SECRET_PW_VERSION: 'v2', CONF_VERSION: 'v7' },
    )
    const stack = 'cust-abc_ci_localhost'
    expect(view.secrets).toEqual({
      pw: {
        name: `${stack}_pw_v2`,
        external: true,
        file: undefined,
        template: '${STACK_NAME}_pw_${SECRET_PW_VERSION}',
      },
    })
    expect(view.configs.conf).toMatchObject({ name: `${stack}_conf_v7`, external: false, templated: true })
    expect(view.configs.conf?.sha256).toMatch(/^[0-9a-f]{64}$/)
    expect(view.networks).toEqual({
      proxy: { name: 'proxy', external: true },
      internal: { name: `${stack}_internal`, external: false },
    })
    expect(view.volumes).toEqual({
      data: { name: `${stack}_data`, external: false },
      old: { name: 'older', external: true },
    })
  })

  test('may use anchors, merge keys, cron services, global services and healthchecks', async () => {
    const { services } = await read(
      {
        'compose.yml': `
x-common: &common
  image: web
  healthcheck: {test: curl localhost, start_period: 1m}
  deploy: &deploy {replicas: 0, update_config: {failure_action: rollback}}
services:
  app: {<<: *common, stop_grace_period: 1m30s}
  cron: {<<: *common, deploy: {<<: *deploy, mode: global, restart_policy: {condition: on-failure}}}
  unchecked: {<<: *common, healthcheck: {disable: true}}
  none: {image: x, healthcheck: {test: [NONE]}, deploy: {replicas: "\${REPLICAS:-3}"}}
`,
      },
      {},
    )
    expect(services.app).toMatchObject({
      image: 'web',
      replicas: 0,
      hasHealthcheck: true,
      stopGracePeriod: '1m30s',
      updateFailureAction: 'rollback',
    })
    expect(services.cron).toMatchObject({ mode: 'global', restartCondition: 'on-failure' })
    expect(services.unchecked?.hasHealthcheck).toBe(false)
    expect(services.none).toMatchObject({ hasHealthcheck: false, replicas: 3 })
  })

  test('lose a port to another of the same published number as soon as two files mention the service', async () => {
    const base = 'services: {app: {image: x, ports: ["53:53/tcp", "53:53/udp"]}}'
    const one = await read({ 'compose.yml': base })
    expect(one.services.app?.ports).toHaveLength(2)
    const two = await read(
      { 'compose.yml': base, 'compose.a.yml': 'services: {app: {tty: true}}' },
      { COMPOSE_FILE: 'compose.yml:compose.a.yml' },
    )
    expect(two.services.app?.ports).toEqual([{ target: 53, published: 53, protocol: 'udp', mode: 'ingress' }])
  })

  test('get STACK_NAME from the stack, whatever the variables say', async () => {
    const { services } = await read(
      { 'compose.yml': 'services: {app: {image: "$STACK_NAME"}}' },
      { STACK_NAME: 'stale' },
    )
    expect(services.app?.image).toBe('cust-abc_ci_localhost')
  })
})

describe('compose files that cannot be deployed', () => {
  test('an overlay that is not there: the files there are, and the nearest', async () => {
    const error = await refused(
      { 'compose.yml': APP, 'compose.smtp.yml': APP, 'db/compose.pg.yml': APP },
      { COMPOSE_FILE: 'compose.yml:compose.stmp.yml' },
    )
    expect(error.message).toContain('compose.stmp.yml: is listed in COMPOSE_FILE and is not there.')
    expect(error.message).toContain(
      'There are: compose.smtp.yml, compose.yml, db/compose.pg.yml. The nearest: compose.smtp.yml.',
    )
  })

  test('no compose file at all', async () => {
    const error = await refused({ 'README.md': '' })
    expect(error).toBeInstanceOf(MissingComposeFileError)
    expect(error.message).toMatch(/^compose\.yml: is not there\.[\s\S]*There is no compose file at all\./)
    mkdirSync(join(dir, 'compose.yml'))
    expect(await refused({})).not.toBeInstanceOf(MissingComposeFileError)
  })

  test('text that is no YAML, with its line', async () => {
    const error = await refused({ 'compose.yml': 'services:\n  app:\n    image: "x\n  y: [\n' })
    expect(error).toMatchObject({ file: 'compose.yml', blame: 'recipe' })
    expect(error.line).toBeGreaterThan(2)
    expect(error.message).toMatch(/^compose\.yml:\d+: is not valid YAML: /)
  })

  test.each([
    ['- a', 'is not a YAML map', undefined],
    ['', 'is not a YAML map', undefined],
    ['version: "3.8"', 'services are missing', 'services'],
    ['services: []', 'services must be a map', 'services'],
    ['services:\n  web: {image: x}', 'have none named "app", which abra needs (R009)', 'services'],
    ['services:\n  app: {image: x}\n  db:\n    tty: true', 'services.db has no image (R011)', 'services.db'],
    ['services:\n  app:', 'services.app must be a map', 'services.app'],
    ['services: {app: {image: [x]}}', 'services.app.image must be text', 'services.app.image'],
    ['services: {app: {image: x, deploy: {labels: true}}}', 'must be a map or a list', 'services.app.deploy.labels'],
    ['services: {app: {image: x, deploy: {labels: [1]}}}', 'must be text', 'services.app.deploy.labels.0'],
    [
      'services: {app: {image: x, environment: {A: true}}}',
      'Put quotes round it: "true"',
      'services.app.environment.A',
    ],
    ['services: {app: {image: x, volumes: [data:/x]}}', 'name "data", which the top-level', 'services.app.volumes'],
    ['services: {app: {image: x, secrets: [s]}}', 'Add it under "secrets:"', 'services.app.secrets'],
    [
      'services: {app: {image: x, networks: [proxi]}}\nnetworks: {proxy: }',
      'The nearest: proxy',
      'services.app.networks',
    ],
    ['services: {app: {image: x, configs: [c]}}', 'name "c"', 'services.app.configs'],
    ['services: {app: {image: x, deploy: {replicas: "many"}}}', 'whole number', 'services.app.deploy.replicas'],
    ['services: {app: {image: x, ports: [http]}}', 'is not a port', 'services.app.ports.0'],
    ['services: {app: {image: x, volumes: ["a:b:c:d"]}}', 'is not a mount', 'services.app.volumes.0'],
    ['services: {app: {image: "$"}}', 'Invalid template', 'services.app.image'],
    [
      'services: {app: {image: "${I:?say which}"}}',
      'required variable I is missing a value: say which',
      'services.app.image',
    ],
    ['services: {app: {image: x}}\nconfigs: {c: {file: gone}}', 'cannot be read', 'configs.c.file'],
    ['services: {app: {image: x}}\nconfigs: {c: {name: x}}', 'has neither a file nor', 'configs.c'],
    ['services: {app: {image: x}}\nnetworks: {n: }', '"n" is read as false', undefined],
  ])('%j: %s', async (text, message, path) => {
    const error = await refused({ 'compose.yml': text })
    expect(error.message).toContain(message)
    expect(error.path).toBe(path)
  })

  test('a fault in an overlay is blamed on the overlay, at its line', async () => {
    const error = await refused(
      { 'compose.yml': APP, 'compose.a.yml': 'services:\n  app:\n    deploy:\n      labels:\n        a: "${X:?}"\n' },
      { COMPOSE_FILE: 'compose.yml:compose.a.yml' },
    )
    expect(error).toMatchObject({ file: 'compose.a.yml', line: 5, path: 'services.app.deploy.labels.a' })
    expect(error.message).toContain('compose.a.yml:5: services.app.deploy.labels.a cannot be filled in')
  })

  test('files of different versions, which docker would not merge', async () => {
    const error = await refused(
      { 'compose.yml': `version: "3.8"\n${APP}`, 'compose.a.yml': 'services: {}' },
      { COMPOSE_FILE: 'compose.yml:compose.a.yml' },
    )
    expect(error.message).toContain('compose.a.yml: version is none, while compose.yml has "3.8".')
  })
})
