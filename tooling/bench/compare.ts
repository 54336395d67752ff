/** One line of a benchmark: what `npm run bench` prints. */
export interface BenchLine {
  bench: string
  /** Median of ours/peer, pair by pair. */
  ratio: number
  ours_ms: number
  peer_ms: number
  runs: number
  note: string
}

export interface Sides {
  /** Does the work once; returns the milliseconds that count. */
  ours(): Promise<number>
  peer(): Promise<number>
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((one, other) => one - other)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits))

/**
 * Measures two ways of doing the same side by side in one run: after one warm-up of each, `pairs` pairs, the order
 * alternating so that a drift of the machine's speed meets both.
 */
export async function compare(bench: string, note: string, pairs: number, sides: Sides): Promise<BenchLine> {
  await sides.ours()
  await sides.peer()
  const ours: number[] = []
  const peer: number[] = []
  for (let pair = 0; pair < pairs; pair += 1) {
    const order = pair % 2 === 0 ? (['ours', 'peer'] as const) : (['peer', 'ours'] as const)
    for (const side of order) (side === 'ours' ? ours : peer).push(await sides[side]())
    process.stderr.write(
      `${bench} ${pair + 1}/${pairs}: ours ${ours.at(-1)?.toFixed(0)} ms, peer ${peer.at(-1)?.toFixed(0)} ms\n`,
    )
  }
  return {
    bench,
    ratio: rounded(median(ours.map((value, index) => value / (peer[index] ?? Number.NaN))), 3),
    ours_ms: rounded(median(ours), 0),
    peer_ms: rounded(median(peer), 0),
    runs: pairs,
    note,
  }
}

/** The time that work takes, in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}
