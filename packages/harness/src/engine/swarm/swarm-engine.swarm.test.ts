import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type Docker from 'dockerode'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { removeStack } from '../../app/teardown.ts'
import { converge } from '../../docker/converge.ts'
import { execOk } from '../../docker/exec.ts'
import { stackView } from '../../docker/stack-view.ts'
import { testHost } from '../../docker/test-stack.ts'
import { messageOf } from '../../errors.ts'
import { cloneRecipe } from '../../recipe/checkout.ts'
import { ComposeError } from '../../recipe/compose/error.ts'
import { MissingSecretLengthError } from '../../recipe/secrets.ts'
import { testRepository } from '../../recipe/test-repository.ts'
import { loadSettings } from '../../settings/load.ts'
import type { Settings } from '../../settings/schema.ts'
import type { EngineApp, Target } from '../engine.ts'
import { SecretNotInsertedError } from './secrets.ts'
import { StackDeployError } from './stack-deploy.ts'
import { MissingEnvSampleError, MissingNetworkError, SwarmEngine } from './swarm-engine.ts'

let docker: Docker
let image: string
let stack: string
let folder: string
beforeEach(async () => {
  const host = await testHost()
  docker = host.docker
  image = host.image
  stack = host.unique
  folder = await mkdtemp(join(tmpdir(), 'cc-ci-engine-'))
})
afterEach(async () => {
  await removeStack(docker, stack, { timeoutMs: 60_000 })
  await rm(folder, { recursive: true, force: true })
})

type Files = Record<string, string>

const SAMPLE =
  'TYPE=sample\nDOMAIN=sample.example.org\nLETS_ENCRYPT_ENV=production\nGREETING="hello $DOMAIN"\n# the end'

const compose = (more: { app?: string; top?: string; deploy?: string; version?: string } = {}) => `
${more.version ?? 'version: "3.8"'}
services:
  app:
    image: ${image}
    command: [sleep, infinity]
    environment: [FIXED=kept]
    ${more.app ?? ''}
    deploy:
      labels: ["coop-cloud.\${STACK_NAME}.version=1.0.0+1"]
      ${more.deploy ?? ''}
${more.top ?? ''}
`

interface Sample {
  app: EngineApp
  target: Target
  engine: SwarmEngine
  settings: Settings
}

/** A recipe repository of these files with one published version, cloned for an app of its own. */
async function sample(files: Files, change: Partial<Settings> = {}): Promise<Sample> {
  const settings = { ...(await loadSettings()), ...change }
  const recipe = await testRepository(join(folder, 'origin'), 'sample', { version: '1.0.0+1', files })
  const checkout = await cloneRecipe({ recipe, sources: [], into: join(folder, 'clone') })
  const target = { ...(await checkout.checkout('1.0.0+1')), version: '1.0.0+1' }
  const app: EngineApp = {
    recipe: 'sample',
    domain: `${stack}.ci.localhost`,
    stack,
    runId: 'engine-test',
    checkout,
    envFile: join(folder, 'servers', `${stack}.env`),
    secrets: {},
    overlay: undefined,
  }
  return { app, target, settings, engine: new SwarmEngine(docker, settings) }
}

async function deploy({ engine, app, target }: Sample, changes: Record<string, string> = {}) {
  await engine.create(app, target, changes)
  await engine.deploy(app, target)
  return await converge(docker, stack, { timeoutMs: 60_000 })
}

async function inApp(script: string): Promise<string> {
  const [service] = (await stackView(docker, stack)).filter((one) => one.name === 'app')
  const container = service?.tasks.at(-1)?.containerId ?? ''
  return (await execOk(docker, container, ['sh', '-c', script])).stdout.trim()
}

const spec = async (service: string) => (await docker.getService(`${stack}_${service}`).inspect()).Spec

test('the app gets every variable of its .env, expanded, with no certificate asked for and what the recipe sets kept', async () => {
  await deploy(await sample({ 'compose.yml': compose(), '.env.sample': SAMPLE, 'abra.sh': 'export CONF_VERSION=v7' }), {
    EXTRA: 'p$1 x',
  })
  expect(await inApp('echo "$TYPE|$DOMAIN|$LETS_ENCRYPT_ENV|$GREETING|$CONF_VERSION|$EXTRA|$FIXED|$STACK_NAME"')).toBe(
    `sample:1.0.0+1|${stack}.ci.localhost||hello ${stack}.ci.localhost|v7|p$1 x|kept|${stack}`,
  )
})

test('the labels that must be set are set: recipe, version, chaos, and whose run it is', async () => {
  await deploy(await sample({ 'compose.yml': compose(), '.env.sample': SAMPLE }))
  expect((await spec('app')).Labels).toMatchObject({
    [`coop-cloud.${stack}.recipe`]: 'sample',
    [`coop-cloud.${stack}.version`]: '1.0.0+1',
    [`coop-cloud.${stack}.chaos`]: 'false',
    'cc-ci.run': 'engine-test',
  })
})

test('a commit that is no published version is deployed as chaos, with its short sha and the label of its own', async () => {
  const one = await sample({ 'compose.yml': compose(), '.env.sample': SAMPLE })
  await deploy({ ...one, target: { ...one.target, tag: undefined } })
  expect((await spec('app')).Labels).toMatchObject({
    [`coop-cloud.${stack}.chaos`]: 'true',
    [`coop-cloud.${stack}.chaos-version`]: one.target.commit.slice(0, 8),
    [`coop-cloud.${stack}.version`]: '1.0.0+1',
  })
})

test('secrets are made by length and charset and reach the app; configs too', async () => {
  const files = {
    'compose.yml': compose({
      app: 'secrets: [password]\n    configs: [{source: conf, target: /conf}]',
      top: 'secrets:\n  password: {external: true, name: "${STACK_NAME}_password_${SECRET_PASSWORD_VERSION}"}\nconfigs:\n  conf: {name: "${STACK_NAME}_conf_${CONF_VERSION}", file: conf.tmpl, template_driver: golang}',
    }),
    'conf.tmpl': 'for {{ env "DOMAIN" }}',
    'abra.sh': 'export CONF_VERSION=v1',
    '.env.sample': `${SAMPLE}\nSECRET_PASSWORD_VERSION=v1 # length=20 charset=hex`,
  }
  await deploy(await sample(files))
  expect(await inApp('cat /run/secrets/password')).toMatch(/^[0-9a-f]{20}$/)
  expect(await inApp('cat /conf')).toBe(`for ${stack}.ci.localhost`)
})

test('ports that share a published number are all kept', async () => {
  const app = 'ports: ["19953:53/tcp", "19953:53/udp"]'
  await deploy(await sample({ 'compose.yml': compose({ app }), '.env.sample': SAMPLE }))
  const { EndpointSpec } = await spec('app')
  expect(
    EndpointSpec.Ports.map(
      (port: { Protocol: string; PublishedPort: number }) => `${port.PublishedPort}/${port.Protocol}`,
    ).sort(),
  ).toEqual(['19953/tcp', '19953/udp'])
})

test('an overlay in COMPOSE_FILE is merged, and one from the options last', async () => {
  const one = await sample({
    'compose.yml': compose(),
    'compose.more.yml':
      'version: "3.8"\nservices:\n  app: {environment: [MORE=yes]}\n  db: {image: "${IMAGE}", command: [sleep, infinity]}',
    '.env.sample': `${SAMPLE}\nIMAGE=${image}\nCOMPOSE_FILE="$COMPOSE_FILE:compose.more.yml"`,
  })
  const overlay = join(folder, 'options.yml')
  await writeFile(overlay, 'version: "3.8"\nservices: {app: {environment: [MORE=overlaid]}}')
  const services = await deploy({ ...one, app: { ...one.app, overlay } })
  expect(services.map(({ name }) => name)).toEqual(['app', 'db'])
  expect(await inApp('echo $MORE')).toBe('overlaid')
})

test('a recipe without version: is deployed', async () => {
  const services = await deploy(await sample({ 'compose.yml': compose({ version: '' }), '.env.sample': SAMPLE }))
  expect(services).toHaveLength(1)
})

test('endpoints are changed to DNS round-robin where the kernel has no IPVS, and only there', async () => {
  const files = { 'compose.yml': compose(), '.env.sample': SAMPLE }
  await deploy(await sample(files, { ipvs: 'no' }))
  expect((await spec('app')).EndpointSpec.Mode).toBe('dnsrr')
  await removeStack(docker, stack, { timeoutMs: 60_000 })
  await rm(folder, { recursive: true, force: true })
  const one = await sample(files, { ipvs: 'yes' })
  await one.engine.create(one.app, one.target, {})
  await one.engine.deploy(one.app, one.target)
  expect((await spec('app')).EndpointSpec.Mode).toBe('vip')
})

const refusals: [string, Files, abstract new (...args: never[]) => Error, RegExp][] = [
  [
    'a secret whose length is commented out names the line to write',
    {
      'compose.yml': compose({
        app: 'secrets: [key]',
        top: 'secrets:\n  key: {external: true, name: "${STACK_NAME}_key_${SECRET_KEY_VERSION:-v1}"}',
      }),
      '.env.sample': `${SAMPLE}\n#SECRET_KEY_VERSION=v1 # length=43`,
    },
    MissingSecretLengthError,
    /SECRET_KEY_VERSION=v1 # length=43/,
  ],
  [
    'a secret that must be inserted says where to give its value',
    {
      'compose.yml': compose({
        app: 'secrets: [key]',
        top: 'secrets:\n  key: {external: true, name: "${STACK_NAME}_key_${SECRET_KEY_VERSION}"}',
      }),
      '.env.sample': `${SAMPLE}\nSECRET_KEY_VERSION=v1 # generate=false`,
    },
    SecretNotInsertedError,
    /"key".*recipe\.ts/s,
  ],
  [
    'a compose file that is no YAML names file and line',
    { 'compose.yml': 'services:\n  app: [', '.env.sample': SAMPLE },
    ComposeError,
    /compose\.yml/,
  ],
  [
    'what only docker can refuse is told in its words',
    { 'compose.yml': compose({ app: 'no_such_option: 1' }), '.env.sample': SAMPLE },
    StackDeployError,
    /no_such_option/,
  ],
  [
    'an external network that is not there is named before anything is made',
    {
      'compose.yml': compose({ app: 'networks: [other]', top: 'networks: {other: {external: true}}' }),
      '.env.sample': SAMPLE,
    },
    MissingNetworkError,
    /"other".*docker network create/s,
  ],
  ['a recipe without .env.sample is refused', { 'compose.yml': compose() }, MissingEnvSampleError, /\.env\.sample/],
]

test.each(refusals)('%s', async (_, files, type, text) => {
  const error = await deploy(await sample(files)).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(type)
  expect(messageOf(error)).toMatch(text)
  expect(await stackView(docker, stack)).toEqual([])
  expect((await docker.listSecrets()).filter((secret) => secret.Spec?.Name?.startsWith(stack))).toEqual([])
})
