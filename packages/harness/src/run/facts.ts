import type { Blame } from '../errors.ts'
import type { Stage } from './stages.ts'

/** An error as a test runner hands it over, from another process: no class, only its own properties. */
export interface ErrorFact {
  name: string
  message: string
  /** Whose doing it is, when the error says so (every CcciError does). */
  blame?: Blame | undefined
  /** Where it was thrown, as `file:line:column`. */
  place?: string | undefined
}

/** How a test ended, in the runner's words. `pending`: it has not ended (yet). */
export type TestState = 'passed' | 'failed' | 'skipped' | 'pending'

/** One test as the runner saw it: what the verdict is made from. */
export interface TestFact {
  /** Its full name, with those of the suites around it. */
  name: string
  stage: Stage
  state: TestState
  /** Why it was skipped, as `ctx.skip(note)` said. */
  note?: string | undefined
  /** Milliseconds since 1970. */
  startedAt?: number | undefined
  durationMs: number
  errors: readonly ErrorFact[]
  /** Marked as one that should fail (`test.fails`): its pass proves nothing. */
  expectedToFail?: boolean | undefined
  /** How often it had to be repeated before it passed. */
  retries?: number | undefined
}
