import { rm } from 'node:fs/promises'
import { type BenchLine, compare, timed } from './compare.ts'
import { openOurs, Peer } from './subject.ts'

/** Deploy → HTTP ready as the fixture `deployedApp` does it, against `docker stack deploy` and curl every 20 ms. */
export async function ready(pairs: number): Promise<BenchLine> {
  const peer = await Peer.prepare('ready')
  try {
    return await compare('ready', 'deploy to first good answer of custom-html, images local', pairs, {
      async ours() {
        const session = await openOurs('ready')
        try {
          return await timed(() => session.deployed())
        } finally {
          await session.close()
          await rm(session.folder, { recursive: true, force: true })
        }
      },
      async peer() {
        try {
          return await timed(() => peer.sh(peer.up))
        } finally {
          await peer.clean()
        }
      },
    })
  } finally {
    await peer.close()
  }
}
