import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testHost } from '../../docker/test-stack.ts'
import { SecretNotInsertedError } from '../../engine/swarm/secrets.ts'
import { OverlayRemovedError } from '../../engine/swarm/swarm-engine.ts'
import { loadSettings } from '../../settings/load.ts'
import type { TestCommit } from '../test-repository.ts'
import { keepProof } from './proofs.ts'
import { composed, settings, versions } from './recipes.ts'
import { ShapeApp } from './shape-app.ts'
import { type ShapeName, titleOf } from './shapes.ts'

// The shapes that are about deployment, deployed for real: three recipes with several shapes each.

type Recipe = (image: string) => TestCommit[]

async function open(name: string, recipe: Recipe, secrets: Record<string, string> = {}): Promise<ShapeApp> {
  const { docker, image, unique: stack } = await testHost()
  return await ShapeApp.open({ docker, settings: await loadSettings(), name, commits: recipe(image), stack, secrets })
}

/** A port of this host that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

const shape = (name: ShapeName, prove: () => Promise<void>): void =>
  test(titleOf(name), async () => {
    await prove()
    keepProof(name, 'deployed')
  })

let port: number
let ofSettings: ShapeApp
let ofComposed: ShapeApp
let ofVersions: ShapeApp
let said: { settings: string[]; composed: string[] }

const OLD = '1.10.0+1.0.6-social-amd64'
const NEW = '2.0.0+1.0.6-social-amd64'

beforeAll(async () => {
  port = await freePort()
  ofSettings = await open('settings', settings, { token: 'given by recipe.ts' })
  ofComposed = await open('composed', composed)
  ofVersions = await open('versions', versions)
  const [one, other] = await Promise.all([
    ofSettings.deploy('1.0.1+2.0-social-amd64', { ADDED: 'yes' }),
    ofComposed.deploy('1.0.0+1', { HTTP_PORT: String(port) }),
    ofVersions.deploy(OLD),
  ])
  said = { settings: one.warnings, composed: other.warnings }
})

/** Removes all three; each says itself what it leaves. */
afterAll(async () => {
  const ends = [ofSettings, ofComposed, ofVersions].map((app) => app?.[Symbol.asyncDispose]())
  const failed = (await Promise.allSettled(ends)).flatMap((end) => (end.status === 'rejected' ? [end.reason] : []))
  if (failed.length > 0) throw new AggregateError(failed, failed.join('\n'))
})

const labels = async (app: ShapeApp, service = 'app') => (await app.service(service)).labels

describe('what stands in .env.sample, abra.sh, configs and secrets', () => {
  const variable = (name: string) => ofSettings.sh('app', `printf %s "$${name}"`)

  shape('`COMPOSE_FILE` refers to itself; an overlay stands in a sub-folder', async () => {
    expect(await ofSettings.sh('mail', 'cat /tune.conf')).toBe('work_mem = 4MB # {{ not a template }}')
    expect(await variable('MAIL_FROM')).toBe(`noreply@${ofSettings.app.domain}`)
    expect(await variable('COMPOSE_FILE')).toBe('compose.yml:compose.mail.yml:postgres/compose.postgres.tune.yml')
  })

  shape('`.env` has quotes and `$VAR`', async () => {
    expect(await variable('GREETING')).toBe(`hello ${ofSettings.app.domain}`)
    expect(await variable('EXTRA_DOMAINS')).toBe(', `www.settings.example.org`')
    expect(await variable('LITERAL')).toBe('$DOMAIN stays')
    expect(await variable('PRICE')).toBe('cost$5')
  })

  shape('`.env.sample` ends in a comment without a line end', async () => {
    expect(await variable('ADDED')).toBe('yes')
    expect(await variable('ENABLE_THIS')).toBe('')
  })

  shape('`TYPE` is not the name of the repository', async () => {
    expect(await variable('TYPE')).toBe('settings:1.0.1+2.0-social-amd64')
    expect(await variable('RECIPE')).toBe('settings:1.0.1+2.0-social-amd64')
    expect((await labels(ofSettings))[`coop-cloud.${ofSettings.app.stack}.recipe`]).toBe('settings')
    expect(said.settings).toContainEqual(expect.stringContaining('TYPE=another-name'))
  })

  shape('a secret has `# length=` and `charset=`', async () => {
    expect(await ofSettings.sh('app', 'cat /run/secrets/db_password')).toMatch(/^[A-Za-z0-9]{32}$/)
    expect(await ofSettings.sh('app', 'cat /run/keys/app.key')).toMatch(/^[0-9a-f]{64}$/)
  })

  shape('a secret has no `# length=`', async () => {
    expect(await ofSettings.sh('app', 'cat /run/secrets/phrase')).toMatch(/^[a-z]{5}(-[a-z]{5}){3}$/)
    expect(said.settings).toContainEqual(expect.stringContaining('the secret "phrase" has no length'))
  })

  shape('a secret has `# generate=false`', async () => {
    expect(await ofSettings.sh('app', 'cat /run/secrets/api_token')).toBe('given by recipe.ts')
    await using without = await open('settings', settings)
    await expect(without.deploy('1.0.1+2.0-social-amd64')).rejects.toThrow(SecretNotInsertedError)
  })

  shape('a secret has a `target:`', async () => {
    expect(await ofSettings.sh('app', 'ls /run/secrets')).toBe('api_token\ndb_password\nphrase')
    expect(await ofSettings.sh('app', 'stat -c %a /run/keys/app.key')).toBe('440')
  })

  shape('`abra.sh` has exports, functions and more', async () => {
    expect(await variable('PAGE_VERSION')).toBe('v3')
    expect(await variable('MADE_BY')).toBe('')
    expect(await ofSettings.configs()).toEqual(['page_v3', 'script_v4', 'tune_v1'])
  })

  shape('golang templates stand in configs and variables', async () => {
    const [greeting, mail, password] = (await ofSettings.sh('app', 'cat /page.html')).split('\n')
    expect(greeting).toBe(`hello ${ofSettings.app.domain}`)
    expect(mail).toBe(`with mail from noreply@${ofSettings.app.domain}`)
    expect(password).toBe(await ofSettings.sh('app', 'cat /run/secrets/db_password'))
    expect(await variable('SLOT')).toBe(`1 of ${ofSettings.app.stack}_app`)
    expect(await ofSettings.sh('app', 'cat /script.sh')).toContain('{{ $1 }}')
  })

  shape('the version label differs from the tag', async () => {
    const { stack } = ofSettings.app
    expect((await labels(ofSettings))[`coop-cloud.${stack}.version`]).toBe('1.0.1+2.0-social-amd64')
    expect(said.settings).toContainEqual(expect.stringMatching(/^the version label says 1\.0\.0\+2\.0-/))
  })
})

describe('what stands in compose files', () => {
  const variable = (name: string) => ofComposed.sh('app', `printf %s "$${name}"`)

  shape('there is no `abra.sh`', async () => {
    expect((await ofComposed.service('app')).running).toBe(1)
  })

  shape('a tag is lightweight', async () => {
    const { stack, checkout } = ofComposed.app
    expect(checkout.published).toEqual([expect.objectContaining({ tag: '1.0.0+1', annotated: false })])
    const version = { [`coop-cloud.${stack}.version`]: '1.0.0+1', [`coop-cloud.${stack}.chaos`]: 'false' }
    expect(await labels(ofComposed)).toMatchObject(version)
  })

  shape('there is no `version:`', async () => {
    expect((await ofComposed.service('web')).running).toBe(1)
  })

  shape('labels are a list here and a map there', async () => {
    const run = { 'cc-ci.run': 'shapes-test' }
    expect(await labels(ofComposed, 'web')).toMatchObject({ 'written.as': 'a map', number: '7', filled: 'in', ...run })
    expect(await labels(ofComposed)).toMatchObject({
      [`coop-cloud.${ofComposed.app.stack}.version`]: '1.0.0+1',
      ...run,
    })
  })

  shape('labels stand outside `deploy:`', async () => {
    expect(await labels(ofComposed)).not.toHaveProperty('backupbot.backup')
    expect(said.composed).toContain('labels of "app" outside deploy: are ignored by swarm: backupbot.backup')
  })

  shape('templates have defaults: `${A:-b}`, `${A-b}`', async () => {
    expect(await variable('UNSET_DEFAULT')).toBe('one')
    expect(await variable('EMPTY_DEFAULT')).toBe('two')
    expect(await variable('EMPTY_KEPT')).toBe('<>')
    expect(await variable('NESTED')).toBe('${DOMAIN}')
  })

  shape('dollar signs are escaped: `$$5`, `$${1}`', async () => {
    const { stack, domain } = ofComposed.app
    expect(await variable('DOLLARS')).toBe('$5 and ${1}')
    const replacement = `traefik.http.middlewares.${stack}-www.redirectregex.replacement`
    expect((await labels(ofComposed))[replacement]).toBe(`https://${domain}/\${1}`)
  })

  shape('ports are in host mode', async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/`)
    expect(answer.status).toBe(200)
  })

  shape('a variable stands where a number or a duration belongs', async () => {
    const { Spec } = await ofComposed.inspect('web')
    expect(Spec.TaskTemplate.ContainerSpec.StopGracePeriod).toBe(3_000_000_000)
    expect(said.composed).toContainEqual(expect.stringContaining('"web" has a variable in stop_grace_period'))
  })

  shape('services have no healthcheck', async () => {
    expect(await ofComposed.service('web')).toMatchObject({ hasHealthcheck: false, running: 1 })
  })

  shape('a service has `replicas: 0` (a cron job)', async () => {
    expect(await ofComposed.service('cron')).toMatchObject({ desired: 0, running: 0, tasks: [] })
    expect(await labels(ofComposed, 'cron')).toMatchObject({ 'swarm.cronjob.enable': 'true' })
  })

  shape('ten routers and a TCP router are on one service', async () => {
    const { stack, domain } = ofComposed.app
    const found = await labels(ofComposed)
    for (let at = 0; at < 10; at++) {
      const rule = `Host(\`${domain}\`) && PathPrefix(\`/r${at}\`)`
      expect(found[`traefik.http.routers.${stack}-r${at}.rule`]).toBe(rule)
    }
    expect(found[`traefik.tcp.routers.${stack}-ssh.rule`]).toBe('HostSNI(`*`)')
  })
})

describe('versions', () => {
  const version = async () => (await labels(ofVersions))[`coop-cloud.${ofVersions.app.stack}.version`]

  shape('tags are `X.Y.Z+` and free text', async () => {
    expect(await version()).toBe(OLD)
  })

  shape('the head is broken: `compose.yml` is gone', async () => {
    await ofVersions.at(undefined)
    expect(existsSync(join(ofVersions.app.checkout.dir, 'compose.yml'))).toBe(false)
    expect((await ofVersions.service('app')).running).toBe(1)
  })

  shape('a major version removed an overlay that old `.env` files list', async () => {
    const upgrade = ofVersions.upgrade(NEW)
    await expect(upgrade).rejects.toThrow(OverlayRemovedError)
    await expect(upgrade).rejects.toThrow(/has no compose\.old\.yml[\s\S]*release\/2\.0\.0\+1\.0\.6-social-amd64/)
    expect([await version(), await ofVersions.sh('app', 'echo $OLD')]).toEqual([OLD, 'yes'])
    await ofVersions.upgrade(NEW, { COMPOSE_FILE: 'compose.yml' })
    expect([await version(), await ofVersions.sh('app', 'echo $OLD')]).toEqual([NEW, ''])
  })
})
