import { rm } from 'node:fs/promises'
import { z } from 'zod'
import { removeStack, removeVolume } from '../app/teardown.ts'
import { dockerClient } from '../docker/connect.ts'
import { throughOutage } from '../docker/outage.ts'
import type { RealmData } from '../keycloak/remove.ts'
import { endMarked } from '../process/marked.ts'
import { type CanonicalData, canonicalData } from '../warm/canonical/data.ts'

/** How a kind of thing is undone: what must be known of it, and how to remove it with nothing but that. */
export interface Kind<Data> {
  readonly name: string
  readonly schema: z.ZodType<Data>
  /** Undone before everything that is not: what still works for the run would make more. */
  readonly first?: boolean
  /** Milliseconds that undoing it may take beyond what anything else may. */
  patienceMs?(data: Data): number
  /** Removes the thing if it is there; works in any process; must be idempotent. */
  down(data: Data, context: DownContext): Promise<void>
}

export interface DownContext {
  timeoutMs: number
  onStep?: ((text: string) => void) | undefined
}

const dockerHost = z.string()

/** A swarm stack with all its data. */
export const stackKind: Kind<{ dockerHost: string; stack: string }> = {
  name: 'stack',
  schema: z.object({ dockerHost, stack: z.string().min(1) }),
  async down({ dockerHost, stack }, context) {
    await removeStack(dockerClient(dockerHost), stack, context)
  },
}

/** A Docker volume outside any stack, such as a backup repository. */
export const volumeKind: Kind<{ dockerHost: string; volume: string }> = {
  name: 'volume',
  schema: z.object({ dockerHost, volume: z.string().min(1) }),
  async down({ dockerHost, volume }, { timeoutMs }) {
    const docker = dockerClient(dockerHost)
    await throughOutage(performance.now() + timeoutMs, () => removeVolume(docker, volume))
  },
}

/** The programs of a run: whatever carries its mark (see `markChildren`). */
export const processesKind: Kind<{ mark: string }> = {
  name: 'processes',
  schema: z.object({ mark: z.string().min(1) }),
  first: true,
  async down({ mark }) {
    await endMarked(mark)
  },
}

/** A file or folder of ours: a checkout, an app's `.env`. */
export const pathKind: Kind<{ path: string }> = {
  name: 'path',
  schema: z.object({ path: z.string().min(2) }),
  async down({ path }) {
    // A program that is just ending may still put a file into a folder that is being emptied.
    await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  },
}

/** A realm on the warm Keycloak. */
export const realmKind: Kind<RealmData> = {
  name: 'realm',
  schema: z.object({
    file: z.string().min(1),
    realm: z.string().min(1),
    proxyAddress: z.string().optional(),
    caFile: z.string().optional(),
  }),
  async down(data) {
    // Few scopes have one, and its client takes a while to load.
    const { removeRealm } = await import('../keycloak/remove.ts')
    await removeRealm(data)
  },
}

/** A use of a canonical, which is put back as it was. */
export const canonicalKind: Kind<CanonicalData> = {
  name: 'canonical',
  schema: canonicalData,
  patienceMs: ({ patienceMs }) => patienceMs,
  async down(data, context) {
    // Few scopes have one.
    const { endUse } = await import('../warm/canonical/put-back.ts')
    await endUse(data, context)
  },
}

/** Every kind a ledger can name, so any process can undo any ledger. */
export const KINDS: readonly Kind<never>[] = [
  stackKind,
  volumeKind,
  pathKind,
  processesKind,
  realmKind,
  canonicalKind,
] as unknown as readonly Kind<never>[]
