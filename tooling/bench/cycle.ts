import { rm } from 'node:fs/promises'
import { type BenchLine, compare, timed } from './compare.ts'
import { openOurs, Peer } from './subject.ts'

/** Deploy → ready → verified gone, against `docker stack deploy`, curl, `docker stack rm` and asking until all is gone. */
export async function cycle(pairs: number): Promise<BenchLine> {
  const peer = await Peer.prepare('cycle')
  try {
    return await compare(
      'cycle',
      'deploy, ready, every trace gone; the peer leaks an address of proxy each time',
      pairs,
      {
        async ours() {
          const session = await openOurs('cycle')
          try {
            return await timed(async () => {
              await session.deployed()
              await session.close()
            })
          } finally {
            await session.close()
            await rm(session.folder, { recursive: true, force: true })
          }
        },
        async peer() {
          return await timed(() => peer.sh(`${peer.up}\n${peer.down}`))
        },
      },
    )
  } finally {
    await peer.close()
  }
}
