import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectSwarm, loadSettings, openJournal, openRunRealm, Scope, type Settings } from '@cc-ci/harness'
import { type BenchLine, compare, timed } from './compare.ts'

/** A realm on the warm Keycloak, a login and its removal, against the same test with a Keycloak of its own. */
export async function realm(pairs: number): Promise<BenchLine> {
  const settings = await loadSettings()
  const cold = { ...settings, keycloakFile: join(settings.stateDir, 'no-such-keycloak.json') }
  const side = (where: Settings, expected: boolean) => () => timed(() => once(where, expected))
  return await compare('realm', 'a realm: made, a login, deleted; the peer deploys a Keycloak for it', pairs, {
    ours: side(settings, false),
    peer: side(cold, true),
  })
}

let count = 0

async function once(settings: Settings, cold: boolean): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'cc-ci-bench-realm-'))
  count += 1
  const runId = `bench-realm-${process.pid}-${count}`
  const docker = await connectSwarm(settings.dockerHost)
  const journal = openJournal(join(folder, 'journal.jsonl'))
  using held = new DisposableStack()
  const teardownTimeoutMs = settings.teardownTimeout * 1000
  await using scope = new Scope({ folder: join(folder, 'scope'), teardownTimeoutMs })
  const made = await openRunRealm({
    docker,
    settings,
    scope,
    journal,
    runId,
    recipe: 'custom-html',
    appUrl: `https://bench.${settings.baseDomain}`,
    hold: (lease) => void held.use(lease),
  })
  if (made.cold !== cold) throw new Error(`the realm is on the wrong Keycloak: ${made.url}`)
  await made.token()
  await scope.close()
  await rm(folder, { recursive: true, force: true })
}
