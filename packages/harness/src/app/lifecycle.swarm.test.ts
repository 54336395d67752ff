import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { testHost } from '../docker/test-stack.ts'
import type { Deployed, EngineApp, Target } from '../engine/engine.ts'
import { SwarmEngine } from '../engine/swarm/swarm-engine.ts'
import { run } from '../process/run.ts'
import { cloneRecipe } from '../recipe/checkout.ts'
import { openJournal } from '../run/journal.ts'
import { Scope, ScopeClosedError } from '../scope/scope.ts'
import { loadSettings } from '../settings/load.ts'
import { Lifecycle, WrongVersionError } from './lifecycle.ts'
import { stackName } from './names.ts'
import { describeResidue, residueOf } from './residue.ts'

const VERSION = '1.0.0+1.22.1'

let folder: string
let scope: Scope
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ccci-lifecycle-'))
  scope = new Scope({ folder: join(folder, 'scope'), teardownTimeoutMs: 60_000 })
})
afterEach(async () => {
  await scope.close()
  rmSync(folder, { recursive: true, force: true })
})

const COMPOSE = stringify({
  version: '3.8',
  services: {
    app: {
      image: 'nginx:1.22.1',
      networks: ['proxy'],
      deploy: {
        labels: [
          'traefik.enable=true',
          'traefik.http.services.${STACK_NAME}.loadbalancer.server.port=80',
          'traefik.http.routers.${STACK_NAME}.rule=Host(`${DOMAIN}`)',
          'traefik.http.routers.${STACK_NAME}.entrypoints=web-secure',
          `coop-cloud.\${STACK_NAME}.version=${VERSION}`,
        ],
      },
    },
  },
  networks: { proxy: { external: true } },
})

/** A recipe with one version, deployed by an engine that may deploy something else than it is asked for. */
async function lifecycle(change: (target: Target) => Partial<Target>) {
  const { docker, unique } = await testHost()
  const settings = await loadSettings()
  const origin = join(folder, 'small')
  mkdirSync(origin)
  writeFileSync(join(origin, 'compose.yml'), COMPOSE)
  writeFileSync(join(origin, '.env.sample'), 'TYPE=small\nDOMAIN=small.example.org\nLETS_ENCRYPT_ENV=production\n')
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.org']
  const git = (...args: string[]) => run('git', [...identity, ...args], { cwd: origin })
  await git('init', '--quiet', '--initial-branch=main')
  await git('add', '--all')
  await git('commit', '--quiet', '-m', `chore: publish ${VERSION} release`)
  await git('tag', '--annotate', VERSION, '-m', `chore: publish ${VERSION} release`)
  const checkout = await cloneRecipe({ recipe: origin, sources: [], into: join(folder, 'clone') })
  const target: Target = { ...(await checkout.checkout(VERSION)), version: VERSION }
  const domain = `${unique}.${settings.baseDomain}`
  const engineApp: EngineApp = {
    recipe: 'small',
    domain,
    stack: stackName(domain),
    runId: unique,
    checkout,
    envFile: join(folder, 'servers', `${domain}.env`),
    secrets: {},
    overlay: undefined,
  }
  class Other extends SwarmEngine {
    override deploy(app: EngineApp, asked: Target, signal?: AbortSignal): Promise<Deployed> {
      return super.deploy(app, { ...asked, ...change(asked) }, signal)
    }
  }
  const journal = openJournal(join(folder, 'journal.jsonl'))
  const engine = new Other(docker, settings)
  return {
    target,
    lifecycle: new Lifecycle({ docker, settings, engine, engineApp, options: {}, scope, journal }),
    left: async () => describeResidue(await residueOf(docker, engineApp.stack)),
  }
}

test.each([
  ['another version', () => ({ version: '9.9.9+9' }), 'label version "9.9.9+9"'],
  ['a commit that is no version', () => ({ tag: undefined, version: '', commit: 'deadbeefdeadbeef' }), 'deadbeef'],
])('is not taken in by an app that runs %s than was to be deployed', async (_, change, seen) => {
  const { lifecycle: one, target } = await lifecycle(change)
  const error = await one.install(target, {}, 'install').catch((caught: unknown) => caught)
  await one.app.http.close()
  expect(error).toBeInstanceOf(WrongVersionError)
  expect(String(error)).toContain(
    `small ${VERSION} at ${target.commit.slice(0, 8)} was deployed, and something else runs.`,
  )
  expect(String(error)).toContain(seen)
})

test('a scope that closes in the middle of a deployment waits for its end and leaves nothing', async () => {
  const begun = Promise.withResolvers<void>()
  const {
    lifecycle: one,
    target,
    left,
  } = await lifecycle(() => {
    begun.resolve()
    return {}
  })
  const installing = one.install(target, {}, 'install').catch((caught: unknown) => caught)
  await begun.promise
  await scope.close()
  expect(await left()).toEqual([])
  expect(await installing).toMatchObject({ message: expect.stringMatching(/closed|abort/i) })
  await expect(one.install(target, {}, 'install')).rejects.toThrow(ScopeClosedError)
  await one.app.http.close()
})
