import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runsTarget, versionLabels } from '../app/version-labels.ts'
import { testHost } from '../docker/test-stack.ts'
import { messageOf, RecipeError } from '../errors.ts'
import { ComposeError } from '../recipe/compose/error.ts'
import { editEnv, parseEnv } from '../recipe/env-file.ts'
import type { TestCommit } from '../recipe/test-repository.ts'
import { type Candidate, openTestApp, STAND_IN, type TestApp, type TestAppOptions } from './conformance-app.ts'
import { SecretNotInsertedError } from './swarm/secrets.ts'
import { MissingEnvSampleError, OverlayRemovedError } from './swarm/swarm-engine.ts'

// What every engine must do, whatever it is. With CCCI_TEST_ABRA=/path/to/abra a real one is taken through it, too.

const REAL = process.env.CCCI_TEST_ABRA

const ENGINES: [string, Candidate][] = [
  ['swarm', { engine: 'swarm' }],
  ['abra (the stand-in)', { engine: 'abra', abra: STAND_IN }],
  ...(REAL ? [['abra (a real one)', { engine: 'abra', abra: REAL }] satisfies [string, Candidate]] : []),
]

const { image } = await testHost()

const compose = (version: string, more: { app?: string; services?: string; top?: string } = {}) => `
version: "3.8"
services:
  app:
    image: ${image}
    init: true
    command: [sleep, infinity]
    environment: [FIXED=kept]
    ${more.app ?? ''}
    deploy:
      labels: ["coop-cloud.\${STACK_NAME}.version=${version}"]
      update_config: {monitor: 500ms}
${more.services ?? ''}
${more.top ?? ''}
`

/** A service with two ports of one number: docker would lose one of them if two files mentioned it. */
const DNS = (port: number) => `
  dns:
    image: ${image}
    init: true
    command: [sleep, infinity]
    ports: ["${port}:53/tcp", "${port}:53/udp"]
`

const SAMPLE =
  'TYPE=sample\nDOMAIN=sample.example.org\nLETS_ENCRYPT_ENV=production\nGREETING="hello $DOMAIN"\n# the end'

const SECRETS = {
  app: 'secrets: [password, given]\n    configs: [{source: conf, target: /conf}]',
  top: [
    'secrets:',
    '  password: {external: true, name: "${STACK_NAME}_password_${SECRET_PASSWORD_VERSION}"}',
    '  given: {external: true, name: "${STACK_NAME}_given_${SECRET_GIVEN_VERSION}"}',
    'configs:',
    '  conf: {name: "${STACK_NAME}_conf_${CONF_VERSION}", file: conf.tmpl, template_driver: golang}',
  ].join('\n'),
}

/** A recipe with two versions and a commit after them. */
const VERSIONS: TestCommit[] = [
  {
    version: '1.0.0+1',
    files: {
      'compose.yml': compose('1.0.0+1', SECRETS),
      'conf.tmpl': 'first for {{ env "DOMAIN" }}',
      'abra.sh': 'export CONF_VERSION=v1\n',
      '.env.sample': `SECRET_PASSWORD_VERSION=v1 # length=20 charset=hex\nSECRET_GIVEN_VERSION=v1 # generate=false\nSINCE=1\n${SAMPLE}`,
    },
  },
  {
    version: '1.1.0+2',
    files: {
      'compose.yml': compose('1.1.0+2', SECRETS),
      'conf.tmpl': 'second for {{ env "DOMAIN" }}',
      'abra.sh': 'export CONF_VERSION=v2\n',
      '.env.sample': `SECRET_PASSWORD_VERSION=v1 # length=20 charset=hex\nSECRET_GIVEN_VERSION=v1 # generate=false\nSINCE=2\n${SAMPLE}`,
    },
  },
  { files: { '.env.sample': `SINCE=3\n${SAMPLE}`, 'compose.yml': compose('1.2.0+3') } },
]

const GIVEN = 'a value that nobody can guess'

/** The recipe's own words only, as on a host whose virtual IPs forward. */
const PLAIN: TestAppOptions = { settings: { ipvs: 'yes' }, secrets: { given: GIVEN } }

/** A recipe that needs nothing, with these files changed; `undefined` leaves one out. */
function oneVersion(changed: TestCommit['files'] = {}): TestCommit[] {
  const files = { 'compose.yml': compose('1.0.0+1'), '.env.sample': SAMPLE, ...changed }
  const there = Object.entries(files).filter(([, text]) => text !== undefined)
  return [{ version: '1.0.0+1', files: Object.fromEntries(there) }]
}

interface Port {
  PublishedPort: number
  Protocol: string
  PublishMode: string
}

const SECRET = { app: 'secrets: [key]', top: 'secrets:\n  key: {external: true, name: "${STACK_NAME}_key_v1"}' }

const REFUSALS: [string, TestCommit['files'], abstract new (...args: never[]) => Error, RegExp][] = [
  [
    'a secret that must be inserted and has no value is named',
    { 'compose.yml': compose('1.0.0+1', SECRET), '.env.sample': `${SAMPLE}\nSECRET_KEY_VERSION=v1 # generate=false` },
    SecretNotInsertedError,
    /"key".*recipe\.ts/s,
  ],
  ['a compose file that is no YAML is named', { 'compose.yml': 'services:\n  app: [' }, ComposeError, /compose\.yml/],
  [
    'a compose file that is listed and is not there is named',
    { '.env.sample': `${SAMPLE}\nCOMPOSE_FILE=compose.yml:compose.gone.yml` },
    ComposeError,
    /compose\.gone\.yml/,
  ],
  [
    'what only docker can refuse is told in its words',
    { 'compose.yml': compose('1.0.0+1', { app: 'no_such_option: 1' }) },
    RecipeError,
    /no_such_option/,
  ],
  [
    'an external network that is not there is named',
    { 'compose.yml': compose('1.0.0+1', { app: 'networks: [other]', top: 'networks: {other: {external: true}}' }) },
    RecipeError,
    /"other"/,
  ],
  ['a recipe without .env.sample is refused', { '.env.sample': undefined }, MissingEnvSampleError, /\.env\.sample/],
]

async function refused(one: TestApp): Promise<unknown> {
  const target = await one.target('1.0.0+1')
  try {
    await one.engine.create(one.app, target, {})
    await one.engine.deploy(one.app, target)
  } catch (error) {
    return error
  }
  return undefined
}

/** The processes that work with this engine, by their environment. */
function programsOn(dockerHost: string): string[] {
  const wanted = `DOCKER_HOST=${dockerHost}`
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(wanted)
    } catch {
      // It has ended.
      return false
    }
  })
}

describe.each(ENGINES)('%s', { concurrent: true }, (name, candidate) => {
  test('writes the .env of the version that is asked for, and asks for no certificate', async () => {
    await using one = await openTestApp(candidate, VERSIONS)
    for (const [ref, since, type] of [
      ['1.0.0+1', '1', 'sample:1.0.0+1'],
      ['main', '3', expect.stringMatching(/^sample(:$|$)/)],
    ]) {
      await one.engine.create(one.app, await one.target(ref), { EXTRA: 'p$1 x' })
      const { values, lines } = parseEnv(await one.env())
      expect(values).toMatchObject({
        TYPE: type,
        DOMAIN: one.app.domain,
        LETS_ENCRYPT_ENV: '',
        GREETING: `hello ${one.app.domain}`,
        EXTRA: 'p$1 x',
        SINCE: since,
      })
      expect(lines.find(({ key }) => key === 'SECRET_PASSWORD_VERSION')?.comment).toBe(
        since === '1' ? 'length=20 charset=hex' : undefined,
      )
    }
  })

  test('deploys a published version as it is, and nothing is left of it', async () => {
    await using one = await openTestApp(candidate, VERSIONS, PLAIN)
    const before = await one.shared()
    const target = await one.target('1.0.0+1')
    await one.engine.create(one.app, target, { EXTRA: 'p$1 x' })
    const deployed = await one.engine.deploy(one.app, target)
    const labels = await one.up()
    expect(deployed.chaosVersion).toBeUndefined()
    expect(runsTarget(versionLabels(labels, one.app.stack), target, undefined)).toBe(true)
    expect(labels).toMatchObject({ [`coop-cloud.${one.app.stack}.recipe`]: 'sample' })
    expect(await one.sh('echo "$DOMAIN|$LETS_ENCRYPT_ENV|$GREETING|$CONF_VERSION|$EXTRA|$FIXED|$STACK_NAME"')).toBe(
      `${one.app.domain}||hello ${one.app.domain}|v1|p$1 x|kept|${one.app.stack}`,
    )
    expect(await one.sh('cat /run/secrets/password')).toMatch(/^[0-9a-f]{20}$/)
    expect(await one.sh('cat /run/secrets/given')).toBe(GIVEN)
    expect(await one.sh('cat /conf')).toBe(`first for ${one.app.domain}`)
    expect(await one.left()).toContainEqual(`secret ${one.app.stack}_given_v1`)
    await one.close()
    expect(await one.left()).toEqual([])
    expect(await one.shared()).toEqual(before)
  })

  test('upgrades to another version: its label, its files, the same secrets, whatever TYPE says', async () => {
    await using one = await openTestApp(candidate, VERSIONS, PLAIN)
    const base = await one.target('1.0.0+1')
    await one.engine.create(one.app, base, {})
    await one.engine.deploy(one.app, base)
    await one.up()
    const password = await one.sh('cat /run/secrets/password')
    await writeFile(one.app.envFile, editEnv(await one.env(), { TYPE: 'sample:0.9.0+gone' }))
    const target = await one.target('1.1.0+2')
    await one.engine.upgrade(one.app, target, { EXTRA: 'new' })
    const labels = versionLabels(await one.up(), one.app.stack)
    expect(runsTarget(labels, target, undefined)).toBe(true)
    expect(runsTarget(labels, base, undefined)).toBe(false)
    expect(await one.sh('cat /conf; echo; cat /run/secrets/password; echo; echo $EXTRA')).toBe(
      `second for ${one.app.domain}\n${password}\nnew`,
    )
    expect(parseEnv(await one.env()).values.TYPE).toBe('sample:1.1.0+2')
  })

  test('deploys a commit that is no version in chaos, with its sha', async () => {
    await using one = await openTestApp(candidate, VERSIONS, PLAIN)
    const target = await one.target('main')
    await one.engine.create(one.app, target, {})
    const { chaosVersion } = await one.engine.deploy(one.app, target)
    const labels = versionLabels(await one.up(), one.app.stack)
    expect(labels).toEqual({ version: '1.2.0+3', chaos: true, chaosVersion: target.commit.slice(0, 8) })
    expect(runsTarget(labels, target, chaosVersion)).toBe(true)
    const other = await one.target('1.1.0+2')
    expect(runsTarget(labels, other, undefined)).toBe(false)
    expect(runsTarget(labels, { ...other, tag: undefined }, undefined)).toBe(false)
  })

  test('changes endpoints and ports for a kernel without IPVS, and says so where the version shows it', async () => {
    const port = 19_960 + ENGINES.findIndex(([engine]) => engine === name)
    await using one = await openTestApp(
      candidate,
      [
        {
          version: '1.0.0+1',
          files: {
            'compose.yml': compose('1.0.0+1', { services: DNS(port) }),
            'compose.more.yml': 'version: "3.8"\nservices: {app: {environment: [MORE=yes, MUCH=yes]}}',
            '.env.sample': `${SAMPLE}\nCOMPOSE_FILE="compose.yml"\nCOMPOSE_FILE="$COMPOSE_FILE:compose.more.yml"`,
          },
        },
      ],
      { settings: { ipvs: 'no' } },
    )
    const target = await one.target('1.0.0+1')
    const overlay = join(one.app.checkout.dir, '..', 'over.yml')
    await writeFile(overlay, 'version: "3.8"\nservices: {app: {environment: [MUCH=more]}}')
    const app = { ...one.app, overlay }
    await one.engine.create(app, target, {})
    const { chaosVersion } = await one.engine.deploy(app, target)
    const labels = versionLabels(await one.up(), app.stack)
    expect(runsTarget(labels, target, chaosVersion)).toBe(true)
    const { EndpointSpec: endpoint } = (await one.docker.getService(`${app.stack}_dns`).inspect()).Spec
    expect(endpoint.Mode).toBe('dnsrr')
    expect(endpoint.Ports.map((each: Port) => `${each.PublishedPort}/${each.Protocol} ${each.PublishMode}`)).toEqual([
      `${port}/tcp host`,
      `${port}/udp host`,
    ])
    expect(await one.sh('echo $MORE $MUCH')).toBe('yes more')
    if (candidate.engine === 'swarm') return
    expect(chaosVersion).toBe(`${target.commit.slice(0, 8)}+U`)
    // A changed tree that the engine does not account for is not the version under test.
    expect(runsTarget(labels, { ...target, tag: undefined }, undefined)).toBe(false)
    // The next deployment starts from the recipe's own files.
    expect(await one.engine.upgrade(app, target, {})).toMatchObject({ chaosVersion })
    expect((await one.env()).match(/^COMPOSE_FILE=.*cc-ci/gm)).toHaveLength(1)
    await one.engine.create(app, target, {})
    expect(await one.env()).not.toContain('cc-ci')
  })

  test('ends its programs when it is aborted', async () => {
    // An engine that takes connections and never says a word.
    const silent = createServer()
    await once(silent.listen(0, '127.0.0.1'), 'listening')
    const dockerHost = `tcp://127.0.0.1:${(silent.address() as AddressInfo).port}`
    const options = { settings: { dockerHost, ipvs: 'yes' as const } }
    await using one = await openTestApp(candidate, oneVersion(), options)
    const target = await one.target('1.0.0+1')
    await one.engine.create(one.app, target, {})
    const abort = new AbortController()
    const connected = once(silent, 'connection')
    const deploying = one.engine.deploy(one.app, target, abort.signal)
    await Promise.race([connected, deploying])
    expect(programsOn(dockerHost)).not.toEqual([])
    abort.abort(new Error('enough'))
    await expect(deploying).rejects.toThrow(/enough|abort/)
    await expect.poll(() => programsOn(dockerHost)).toEqual([])
    silent.close()
  })

  test.for(REFUSALS)('%s', async ([, files, type, text]) => {
    await using one = await openTestApp(candidate, oneVersion(files))
    const error = await refused(one)
    expect(error).toBeInstanceOf(type)
    expect(error).toBeInstanceOf(RecipeError)
    expect(messageOf(error)).toMatch(text)
    expect((await one.left()).filter((thing) => !thing.startsWith('config'))).toEqual([])
  })

  test('an upgrade to a version that lacks a compose file of the .env names it', async () => {
    const more = 'version: "3.8"\nservices: {app: {environment: [MORE=yes]}}'
    await using one = await openTestApp(candidate, [
      ...oneVersion({
        'compose.more.yml': more,
        '.env.sample': `${SAMPLE}\nCOMPOSE_FILE=compose.yml:compose.more.yml`,
      }),
      { version: '2.0.0+1', files: { 'compose.more.yml': undefined, 'compose.yml': compose('2.0.0+1') } },
    ])
    await one.engine.create(one.app, await one.target('1.0.0+1'), {})
    const upgrading = one.engine.upgrade(one.app, await one.target('2.0.0+1'), {})
    const error = await upgrading.catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(OverlayRemovedError)
    expect(messageOf(error)).toContain('compose.more.yml')
  })
})
