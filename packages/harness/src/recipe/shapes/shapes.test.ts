import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { dockerClient } from '../../docker/connect.ts'
import { MissingEnvSampleError } from '../../engine/swarm/swarm-engine.ts'
import { findSubject } from '../../run/subject.ts'
import { loadSettings } from '../../settings/load.ts'
import type { Settings } from '../../settings/schema.ts'
import { backupSpec } from '../backup-labels.ts'
import { ComposeError, MissingComposeFileError } from '../compose/error.ts'
import type { ServiceSpec } from '../compose-view.ts'
import { editEnv, parseEnv } from '../env-file.ts'
import { versionLabel } from '../labels.ts'
import { releaseNotes } from '../release-notes.ts'
import {
  generateSecret,
  MissingSecretLengthError,
  passphraseWarning,
  type SecretSpec,
  secretSpecs,
} from '../secrets.ts'
import { type TestCommit, testRepository } from '../test-repository.ts'
import { parseVersion, type RecipeVersion } from '../version.ts'
import { recipeWarnings } from '../warnings.ts'
import { keepProof } from './proofs.ts'
import { composed, settings, versions } from './recipes.ts'
import { ShapeApp } from './shape-app.ts'
import { type ShapeName, titleOf } from './shapes.ts'

// Each shape as the harness reads it; those that are about deployment are deployed in shapes.swarm.test.ts.

const STACK = 'shap-abc_ci_localhost'
// Nothing here asks an engine.
const docker = dockerClient('unix:///nowhere')
let host: Settings
beforeAll(async () => {
  host = await loadSettings()
})

let opened: (() => unknown)[] = []
afterEach(async () => {
  for (const undo of opened.reverse()) await undo()
  opened = []
})

const shape = (name: ShapeName, prove: () => Promise<void>): void =>
  test(titleOf(name), async () => {
    await prove()
    keepProof(name, 'read')
  })

async function open(name: string, commits: TestCommit[]): Promise<ShapeApp> {
  const app = await ShapeApp.open({ docker, settings: host, name, commits, stack: STACK })
  opened.push(() => app[Symbol.asyncDispose]())
  return app
}

/** A recipe that several shapes look at; each looks anew. */
const shared = (commits: TestCommit[]): (() => Promise<ShapeApp>) => {
  let app: Promise<ShapeApp> | undefined
  afterAll(async () => (await app)?.[Symbol.asyncDispose]())
  return () => {
    app ??= ShapeApp.open({ docker, settings: host, name: 'sample', commits, stack: STACK })
    return app
  }
}
const SETTINGS = shared(settings('x'))
const COMPOSED = shared(composed('x'))

/** The newest commit of a recipe with an `.env` of its own. */
async function read(recipe: (() => Promise<ShapeApp>) | TestCommit[], changes: Record<string, string> = {}) {
  const app = typeof recipe === 'function' ? await recipe() : await open('sample', recipe)
  const target = await app.create(undefined, changes)
  const { env, compose } = await app.read()
  const { dir } = app.app.checkout
  const sample = parseEnv(readFileSync(join(dir, '.env.sample'), 'utf8'))
  const warnings = recipeWarnings({ recipe: 'sample', sample, compose, stack: STACK, tag: target.tag?.text })
  return { dir, env, compose, sample, target, warnings }
}

const service = (found: ServiceSpec | undefined): ServiceSpec => {
  if (!found) throw new Error('no such service')
  return found
}

const SAMPLE = 'TYPE=sample\nDOMAIN=sample.example.org\n'

/** A recipe of one service with what a shape is about. */
const small = (app: string, more: { sample?: string; top?: string; files?: Record<string, string> } = {}) => [
  {
    version: '1.0.0+1',
    files: {
      '.env.sample': SAMPLE + (more.sample ?? ''),
      'compose.yml': `version: "3.8"\nservices:\n  app: {image: x, ${app}}\n${more.top ?? ''}\n`,
      ...more.files,
    },
  },
]

const secretsOf = async (...of: Parameters<typeof read>): Promise<Record<string, SecretSpec>> => {
  const { sample, env, compose } = await read(...of)
  return Object.fromEntries(secretSpecs({ sample, env, compose }).map((spec) => [spec.key, spec]))
}

shape('`COMPOSE_FILE` refers to itself; an overlay stands in a sub-folder', async () => {
  const { dir, env, compose } = await read(SETTINGS)
  expect(env.COMPOSE_FILE).toBe('compose.yml:compose.mail.yml:postgres/compose.postgres.tune.yml')
  expect(compose.files.map((file) => file.slice(dir.length + 1)).join(':')).toBe(env.COMPOSE_FILE)
  expect(Object.keys(compose.services)).toEqual(['app', 'mail'])
  expect(service(compose.services.mail).configs).toEqual(['tune'])
  expect(compose.configs.tune?.file).toBe(join(dir, 'postgres/tune.conf'))
})

shape('`.env` has quotes and `$VAR`', async () => {
  const { env } = await read(SETTINGS)
  expect(env).toMatchObject({
    GREETING: 'hello shap-abc_ci_localhost.ci.localhost',
    EXTRA_DOMAINS: ', `www.settings.example.org`',
    LITERAL: '$DOMAIN stays',
    PRICE: 'cost$5',
    SECRET_APP_KEY_VERSION: 'v2',
  })
})

shape('`.env.sample` ends in a comment without a line end', async () => {
  const { env } = await read(SETTINGS, { ADDED: 'yes' })
  expect(env).toMatchObject({ ADDED: 'yes', SECRET_TOKEN_VERSION: 'v1' })
  expect(env).not.toHaveProperty('ENABLE_THIS')
})

shape('`.env.sample` stands only in a sub-folder', async () => {
  const files = { 'compose.yml': 'services: {app: {image: x}}', 'deploy/.env.sample': SAMPLE }
  const app = await open('sample', [{ version: '1.0.0+1', files }])
  const refused = app.create(undefined)
  await expect(refused).rejects.toThrow(MissingEnvSampleError)
  await expect(refused).rejects.toThrow('there is one in a sub-folder: deploy/.env.sample')
})

shape('`TYPE` is not the name of the repository', async () => {
  const { env, warnings } = await read(SETTINGS)
  expect(env).toMatchObject({ TYPE: 'sample:1.0.1+2.0-social-amd64', RECIPE: 'sample:1.0.1+2.0-social-amd64' })
  expect(warnings).toContainEqual(expect.stringMatching(/TYPE=another-name, and the recipe is "sample"/))
  expect((await read(small('tty: true'))).warnings).toEqual([])
})

shape('a secret has `# length=` and `charset=`', async () => {
  const { db_password, app_key } = await secretsOf(SETTINGS)
  expect([db_password, app_key].map((spec) => spec && generateSecret(spec))).toEqual([
    expect.stringMatching(/^[A-Za-z0-9]{32}$/),
    expect.stringMatching(/^[0-9a-f]{64}$/),
  ])
  expect([db_password, app_key].map((spec) => spec && passphraseWarning(spec))).toEqual([undefined, undefined])
  expect(app_key?.name).toBe(`${STACK}_app_key_v2`)
  const edited = editEnv('SECRET_A_VERSION="v1" # length=9 charset=hex\n', { SECRET_A_VERSION: 'v2' })
  expect(edited).toBe('SECRET_A_VERSION=v2 # length=9 charset=hex\n')
})

shape('a secret has no `# length=`', async () => {
  const { phrase } = await secretsOf(SETTINGS)
  expect(phrase && generateSecret(phrase)).toMatch(/^[a-z]{5}(-[a-z]{5}){3}$/)
  expect(phrase && passphraseWarning(phrase)).toContain('the secret "phrase" has no length in .env.sample')
})

shape('a commented-out line hides the length of a secret', async () => {
  const trap = small('secrets: [key]', {
    sample: '# SECRET_KEY_VERSION=v1 # length=43',
    top: 'secrets: {key: {external: true, name: "${STACK_NAME}_key_${SECRET_KEY_VERSION:-v1}"}}',
  })
  const { key } = await secretsOf(trap)
  expect(() => key && generateSecret(key)).toThrow(MissingSecretLengthError)
  expect(() => key && generateSecret(key)).toThrow('Take the "#" away: SECRET_KEY_VERSION=v1 # length=43')
  const { key: chosen } = await secretsOf(trap, { SECRET_KEY_VERSION: 'v1' })
  expect(chosen && generateSecret(chosen)).toHaveLength(43)
})

shape('a secret has `# generate=false`', async () => {
  const { token, phrase } = await secretsOf(SETTINGS)
  expect([token?.generate, phrase?.generate]).toEqual([false, true])
})

shape('`abra.sh` has exports, functions and more', async () => {
  const { dir, env, compose } = await read(SETTINGS)
  expect(env).toMatchObject({ PAGE_VERSION: 'v3', SCRIPT_VERSION: 'v4', TUNE_VERSION: 'v1', UNUSED_VERSION: 'v9' })
  expect(env).not.toHaveProperty('MADE_BY')
  expect(env).not.toHaveProperty('INSIDE')
  expect(compose.configs.page?.name).toBe(`${STACK}_page_v3`)
  for (const folder of [dir, process.cwd()]) expect(existsSync(join(folder, 'executed'))).toBe(false)
})

shape('there is no `abra.sh`', async () => {
  const { dir, compose } = await read(COMPOSED)
  expect(existsSync(join(dir, 'abra.sh'))).toBe(false)
  expect(Object.keys(compose.services)).toEqual(['app', 'web', 'cron'])
})

shape('labels are a list here and a map there', async () => {
  const { compose } = await read(COMPOSED)
  expect(compose.services.app?.deployLabels[`coop-cloud.${STACK}.version`]).toBe('1.0.0+1')
  expect(compose.services.web?.deployLabels).toEqual({ 'written.as': 'a map', number: '7', filled: 'in' })
})

shape('labels stand outside `deploy:`', async () => {
  const { compose, warnings } = await read(COMPOSED)
  expect(compose.services.app?.strayLabels).toEqual({ 'backupbot.backup': 'true' })
  expect(backupSpec(compose)).toBeUndefined()
  expect(warnings).toContain('labels of "app" outside deploy: are ignored by swarm: backupbot.backup')
})

shape('there is no `version:`', async () => {
  expect((await read(COMPOSED)).compose.version).toBeUndefined()
  const mixed = small('tty: true', {
    sample: 'COMPOSE_FILE="compose.yml:compose.b.yml"\n',
    files: { 'compose.b.yml': 'services: {app: {tty: true}}' },
  })
  await expect(read(mixed)).rejects.toThrow(ComposeError)
  await expect(read(mixed)).rejects.toThrow('compose.b.yml: version is none, while compose.yml has "3.8".')
})

/** What the templates of a recipe come to, by the labels of its one service. */
const filledIn = async (templates: Record<string, string>, sample = ''): Promise<Record<string, string>> =>
  service((await read(small(`deploy: {labels: ${JSON.stringify(templates)}}`, { sample }))).compose.services.app)
    .deployLabels

shape('templates have defaults: `${A:-b}`, `${A-b}`', async () => {
  const labels = { a: '${A:-b}', b: '${EMPTY:-b}', c: '${EMPTY-b}', d: '${A-b}', e: '${SET:-b}', f: '${A:-${SET}}' }
  const filled = { a: 'b', b: 'b', c: '', d: 'b', e: 'c', f: '${SET}' }
  expect(await filledIn(labels, 'EMPTY=\nSET=c\n')).toEqual(filled)
})

shape('dollar signs are escaped: `$$5`, `$${1}`', async () => {
  expect(await filledIn({ a: '$$5', b: 'https://x/$${1}' })).toEqual({ a: '$5', b: 'https://x/${1}' })
})

shape('golang templates stand in configs and variables', async () => {
  const { compose } = await read(SETTINGS)
  const { page, script, tune } = compose.configs
  expect([page?.templated, script?.templated, tune?.templated]).toEqual([true, false, false])
  expect(service(compose.services.app).environmentKeys).toContain('SLOT')
})

shape('a secret has a `target:`', async () => {
  const { compose } = await read(SETTINGS)
  expect(compose.services.app?.secrets).toEqual(['db_password', 'app_key', 'phrase', 'token'])
  expect((await secretsOf(SETTINGS)).app_key?.name).toBe(`${STACK}_app_key_v2`)
})

shape('a variable stands where a number or a duration belongs', async () => {
  const { compose, warnings } = await read(COMPOSED)
  expect(compose.services.web?.stopGracePeriod).toBe('3s')
  expect(warnings.filter((text) => text.includes('has a variable'))).toEqual([
    expect.stringMatching(/^"app" has a variable in ports\.published: abra may check/),
    expect.stringMatching(/^"web" has a variable in stop_grace_period: abra may check/),
  ])
})

shape('ports are in host mode', async () => {
  const port = { target: 80, protocol: 'tcp', mode: 'host' }
  expect((await read(COMPOSED)).compose.services.app?.ports).toEqual([{ ...port, published: 8080 }])
  const { compose } = await read(COMPOSED, { HTTP_PORT: '19001' })
  expect(compose.services.app?.ports).toEqual([{ ...port, published: 19001 }])
})

shape('a service has `replicas: 0` (a cron job)', async () => {
  const { compose } = await read(COMPOSED)
  expect(compose.services.cron).toMatchObject({ replicas: 0, mode: 'replicated' })
})

shape('services have no healthcheck', async () => {
  const { compose } = await read(COMPOSED)
  expect(Object.values(compose.services).map(({ hasHealthcheck }) => hasHealthcheck)).toEqual([false, false, false])
})

shape('ten routers and a TCP router are on one service', async () => {
  const { compose } = await read(COMPOSED)
  const names = Object.keys(compose.services.app?.deployLabels ?? {})
  expect(names.filter((name) => /^traefik\.http\.routers\.\S+-r\d\.rule$/.test(name))).toHaveLength(10)
  expect(names.filter((name) => name.startsWith('traefik.tcp.'))).toHaveLength(2)
})

shape('there are files that nobody asks for: `.drone.yml` with `{{ .Name }}`, a broken overlay', async () => {
  const { dir, compose } = await read(SETTINGS)
  const text = (name: string) => readFileSync(join(dir, name), 'utf8')
  expect([text('.drone.yml'), text('compose.off.yml')]).toEqual(['name: {{ .Name }}\n', expect.stringMatching(/\[$/)])
  expect(Object.keys(compose.services)).toEqual(['app', 'mail'])
})

shape('the version label is empty, or not on `app`', async () => {
  const label = (value: string) => `deploy: {labels: ["coop-cloud.\${STACK_NAME}.version=${value}"]}`
  const empty = await read(small(label('')))
  expect([versionLabel(empty.compose, STACK), empty.warnings]).toEqual([undefined, []])
  const elsewhere = await read(small('tty: true', { top: `  web: {image: x, ${label('1.0.0+1')}}` }))
  expect(versionLabel(elsewhere.compose, STACK)).toBeUndefined()
  expect(elsewhere.warnings).toEqual(['the version label stands on "web", and abra reads it from "app"'])
})

const backup = async (labels: Record<string, object>, sample = '', changes = {}) => {
  const of = (name: string) => `volumes: ["${name}:/${name}"], deploy: {labels: ${JSON.stringify(labels[name])}}`
  const top = `  db: {image: x, ${of('db')}}\nvolumes: {app: {}, db: {}}`
  return backupSpec((await read(small(of('app'), { sample, top }), changes)).compose)
}

shape('`backupbot.backup` is on several services', async () => {
  const hooks = {
    'backupbot.backup.pre-hook': '/pg_backup.sh backup',
    'backupbot.backup.volumes.db.path': 'backup.sql',
  }
  const found = await backup({ app: { 'backupbot.backup': 'true' }, db: { 'backupbot.backup': 'true', ...hooks } })
  expect(found?.volumes.map(({ key, paths }) => [key, paths])).toEqual([
    ['app', undefined],
    ['db', ['backup.sql']],
  ])
  expect(found?.hooks).toEqual([{ service: 'db', when: 'backup.pre', command: '/pg_backup.sh backup' }])
  expect(found?.warnings).toEqual([expect.stringContaining('several services (app, db)')])
})

shape('backup labels of both generations stand side by side', async () => {
  const labels = {
    'backupbot.backup': 'true',
    'backupbot.backup.path': '/app/x',
    'backupbot.backup.volumes.db': 'false',
  }
  const found = await backup({ app: labels, db: {} })
  expect(found).toMatchObject({ generation: 'mixed', excluded: ['db'], volumes: [{ key: 'app', paths: undefined }] })
  expect(found?.warnings).toEqual([expect.stringContaining('first generation and ignored')])
})

shape('a variable decides about the backup', async () => {
  const labels = { app: { 'backupbot.backup': '${ENABLE_BACKUPS:-true}' }, db: {} }
  expect(await backup(labels)).toBeDefined()
  expect(await backup(labels, 'ENABLE_BACKUPS=false\n')).toBeUndefined()
  expect(await backup(labels, 'ENABLE_BACKUPS=true\n', { ENABLE_BACKUPS: 'false' })).toBeUndefined()
})

/** The recipe as a run finds it. */
async function subject(commits: TestCommit[], ref?: string) {
  const folder = mkdtempSync(join(tmpdir(), 'ccci-shape-'))
  opened.push(() => rmSync(folder, { recursive: true, force: true }))
  const warnings: string[] = []
  const request = {
    recipe: await testRepository(folder, 'sample', ...commits),
    ref,
    sources: [],
    into: join(folder, 'clone'),
    domain: 'sample.ci.localhost',
    stack: STACK,
    env: async () => ({}),
    signal: new AbortController().signal,
    warn: (text: string) => warnings.push(text),
  }
  return { ...(await findSubject(request)), warnings, dir: request.into }
}

const COMPOSE = (label: string) =>
  `services: {app: {image: x, deploy: {labels: ["coop-cloud.\${STACK_NAME}.version=${label}"]}}}`
const release = (version: string | undefined, label: string, tag?: 'lightweight'): TestCommit => ({
  ...(version === undefined ? {} : { version }),
  ...(tag ? { tag } : {}),
  files: { '.env.sample': `${SAMPLE}# ${version}\n`, 'compose.yml': COMPOSE(label) },
})

shape('tags are `X.Y.Z+` and free text', async () => {
  const names = ['10.0.0+v3.6.15', '1.10.0+1.0.10-amd64', '1.10.0+1.0.9-social-amd64', '1.9.0+2026.2.1']
  const { checkout, target, base } = await subject(names.map((name) => release(name, name)))
  expect(checkout.published.map(({ tag }) => tag)).toEqual(names.toReversed())
  expect([target.version, base?.tag]).toEqual(['1.9.0+2026.2.1', undefined])
  const at = async (version: string) => (await checkout.previous(parseVersion(version), target.commit))?.tag
  expect([await at('10.0.0+v3.6.14'), await at('1.10.1+1')]).toEqual(['1.10.0+1.0.10-amd64', '1.10.0+1.0.10-amd64'])
})

shape('a tag is lightweight', async () => {
  const { target, base, warnings } = await subject([
    release('1.0.0+1', '1.0.0+1', 'lightweight'),
    release('1.1.0+1', '1.1.0+1'),
  ])
  expect([target.version, base]).toEqual(['1.1.0+1', expect.objectContaining({ tag: '1.0.0+1', annotated: false })])
  expect(warnings).toEqual([expect.stringMatching(/1\.0\.0\+1 is not annotated.*R014/)])
})

shape('tags are called `vX.Y.Z`', async () => {
  const commits = [release('v1.0.0', '1.0.2+1.0.2'), release('v1.1.0', '1.0.3+1.0.3')]
  const { checkout, target, base } = await subject(commits)
  expect([target.version, target.tag, base]).toEqual(['1.0.3+1.0.3', undefined, undefined])
  expect(checkout.ignoredTags).toEqual(['v1.0.0', 'v1.1.0'])
  expect((await subject(commits, 'v1.0.0')).target.version).toBe('1.0.2+1.0.2')
})

shape('there is no tag at all', async () => {
  const labelled = await subject([release(undefined, '1.0.0+1')])
  expect([labelled.target.version, labelled.target.tag, labelled.base]).toEqual(['1.0.0+1', undefined, undefined])
  const bare = await subject([release(undefined, '')])
  expect((await read([release(undefined, '')])).env.TYPE).toBe('sample')
  expect([bare.target.version, bare.target.commit]).toEqual(['', expect.stringMatching(/^[0-9a-f]{40}$/)])
})

shape('the version label differs from the tag', async () => {
  const { target, warnings } = await read(SETTINGS)
  expect(target.version).toBe('1.0.1+2.0-social-amd64')
  expect(warnings).toContainEqual(
    expect.stringMatching(/^the version label says 1\.0\.0\+2\.0-\S+ at the tag 1\.0\.1\+2\.0-/),
  )
})

shape('the head is broken: `compose.yml` is gone', async () => {
  const broken = [release('1.0.0+1', '1.0.0+1'), { files: { 'compose.yml': undefined } }]
  const refused = subject(broken)
  await expect(refused).rejects.toThrow(MissingComposeFileError)
  await expect(refused).rejects.toThrow(
    /^compose\.yml: is not there\.[\s\S]*no compose file at all[\s\S]*--ref <version>/,
  )
  await expect(refused).rejects.toMatchObject({ blame: 'recipe' })
  expect((await subject(broken, '1.0.0+1')).target.version).toBe('1.0.0+1')
})

shape('a major version removed an overlay that old `.env` files list', async () => {
  const app = await open('versions', versions('x'))
  await app.create('1.10.0+1.0.6-social-amd64')
  expect((await app.read()).compose.files).toHaveLength(2)
  await app.at('2.0.0+1.0.6-social-amd64')
  await expect(app.read()).rejects.toThrow(MissingComposeFileError)
  await expect(app.read()).rejects.toThrow('compose.old.yml: is listed in COMPOSE_FILE and is not there.')
})

shape('there are release notes', async () => {
  const notes = {
    'release/1.1.0+1': 'Once.',
    'release/2.0.0+1': 'Migrate by hand.',
    'release/1.10.0+1': 'Ten.',
    'release/next': 'Soon.',
  }
  const { dir } = await subject(small('tty: true', { files: notes }))
  const crossed = await releaseNotes(
    dir,
    parseVersion('1.1.0+1') as RecipeVersion,
    parseVersion('2.0.0+1') as RecipeVersion,
  )
  expect(crossed.map(({ text }) => text)).toEqual(['Ten.', 'Migrate by hand.', 'Soon.'])
})
