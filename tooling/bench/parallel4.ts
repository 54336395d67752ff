import { join } from 'node:path'
import { run } from '@cc-ci/harness'
import { type BenchLine, compare, timed } from './compare.ts'

const MAIN = join(import.meta.dirname, '..', 'cli', 'main.ts')

/** Pull requests nobody has: four apps of one recipe, each with its own name. */
const PRS = ['990001', '990002', '990003', '990004']

/** Four full runs of custom-html at once, at capacity 4, against the same four in a row. Each must be green. */
export async function parallel4(pairs: number): Promise<BenchLine> {
  const once = (pr: string) =>
    run(process.execPath, [MAIN, 'run', 'custom-html', '--pr', pr], {
      env: { CCCI_CAPACITY: '4' },
      timeoutMs: 600_000,
    })
  return await compare('parallel4', 'four full runs at once at capacity 4; the peer is the same four in a row', pairs, {
    ours: () => timed(() => Promise.all(PRS.map(once))),
    peer: () =>
      timed(async () => {
        for (const pr of PRS) await once(pr)
      }),
  })
}
