import { join } from 'node:path'
import { run } from '@cc-ci/harness'
import { type BenchLine, median, timed } from './compare.ts'

/** What the full run may take on two cores. */
const BUDGET_MS = 45_000

/** `cc-ci run custom-html`, cold, on a warm machine. There is nothing to compare it with but its budget. */
export async function customHtml(runs: number): Promise<BenchLine> {
  const main = join(import.meta.dirname, '..', 'cli', 'main.ts')
  const once = () => timed(() => run(process.execPath, [main, 'run', 'custom-html'], { timeoutMs: 600_000 }))
  await once()
  const times: number[] = []
  for (let index = 0; index < runs; index += 1) {
    times.push(await once())
    process.stderr.write(`custom-html ${index + 1}/${runs}: ${times.at(-1)?.toFixed(0)} ms\n`)
  }
  const ours = Math.round(median(times))
  return {
    bench: 'custom-html',
    ratio: Number((ours / BUDGET_MS).toFixed(3)),
    ours_ms: ours,
    peer_ms: BUDGET_MS,
    runs,
    note: 'the full run: three deployments, upgrade, backup, two restores, browser; the peer is the budget',
  }
}
