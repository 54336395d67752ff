/** A change that takes a safeguard out, and the tests that must fail then. */
export interface Mutant {
  /** What is taken out. */
  name: string
  /** The file, from the repository's root. */
  file: string
  /** Stands in the file exactly once … */
  from: string
  /** … and is replaced by this. */
  to: string
  project: 'unit' | 'swarm'
  tests: string[]
}

const SCOPE = 'packages/harness/src/scope'

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'no warden is posted',
    file: `${SCOPE}/warden.ts`,
    from: 'spawn(process.execPath, [program, order.folder],',
    to: "spawn(process.execPath, ['--eval', ''],",
    project: 'unit',
    tests: [`${SCOPE}/warden.test.ts`],
  },
  {
    name: 'a warden takes no lease',
    file: `${SCOPE}/take-over.ts`,
    from: 'using _ = await takeLease({ ...order.lease, runId: order.runId, timeoutMs: TURN_MS, signal: gone.signal })',
    to: 'void takeLease; void TURN_MS',
    project: 'unit',
    tests: [`${SCOPE}/warden.test.ts`],
  },
  {
    name: 'a lease excludes nobody',
    file: `${SCOPE}/lease.ts`,
    from: "database.exec('BEGIN EXCLUSIVE')",
    to: "database.exec('BEGIN')",
    project: 'unit',
    tests: [`${SCOPE}/lease.test.ts`],
  },
  {
    name: 'the janitor asks no lease',
    file: `${SCOPE}/survey.ts`,
    from: 'isLeaseHeld(leases, stack)',
    to: 'false',
    project: 'swarm',
    tests: [`${SCOPE}/janitor.swarm.test.ts`],
  },
  {
    name: 'the janitor does not look a second time',
    file: `${SCOPE}/janitor.ts`,
    from: 'const again = second.find(({ stack }) => stack === found.stack)',
    to: 'const again = second.length < 0 ? found : found',
    project: 'swarm',
    tests: [`${SCOPE}/janitor.swarm.test.ts`],
  },
  {
    name: 'a scope does not look a second time after interrupted work',
    file: `${SCOPE}/scope.ts`,
    from: 'if (interrupted && failures.length === 0) {',
    to: 'if (interrupted && failures.length < 0) {',
    project: 'unit',
    tests: [`${SCOPE}/scope.test.ts`],
  },
]
