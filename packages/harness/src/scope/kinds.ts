import { rm } from 'node:fs/promises'
import { z } from 'zod'
import { removeStack } from '../app/teardown.ts'
import { connectDocker } from '../docker/connect.ts'

/** How a kind of thing is undone: what must be known of it, and how to remove it with nothing but that. */
export interface Kind<Data> {
  readonly name: string
  readonly schema: z.ZodType<Data>
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
    await removeStack(await connectDocker(dockerHost), stack, context)
  },
}

/** A Docker volume outside any stack, such as a backup repository. */
export const volumeKind: Kind<{ dockerHost: string; volume: string }> = {
  name: 'volume',
  schema: z.object({ dockerHost, volume: z.string().min(1) }),
  async down({ dockerHost, volume }) {
    const docker = await connectDocker(dockerHost)
    const users = await docker.listContainers({ all: true, filters: { volume: [volume] } })
    await Promise.all(users.map((user) => docker.getContainer(user.Id).remove({ force: true })))
    await docker
      .getVolume(volume)
      .remove()
      .catch((error: { statusCode?: number }) => {
        if (error.statusCode !== 404) throw error
      })
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

/** Every kind a ledger can name, so any process can undo any ledger. */
export const KINDS: readonly Kind<never>[] = [stackKind, volumeKind, pathKind] as unknown as readonly Kind<never>[]
