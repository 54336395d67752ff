import { CcciError, type Told } from '@cc-ci/harness'
import type { RunEnd } from '../outcome.ts'
import type { RunParams } from '../params.ts'

/** What does the runs cannot be asked, or does not answer as it should. Asking again later helps. */
export class ExecutorAwayError extends CcciError {
  /** Whether what was asked for may have been done all the same. */
  readonly perhapsDone: boolean

  constructor(told: Told, perhapsDone = true) {
    super(told)
    this.perhapsDone = perhapsDone
  }
}

/** What does the runs will not do this one. */
export class NothingToRunError extends CcciError {}

/** A run that was handed over. */
export interface Triggered {
  /** What the executor calls it. */
  ref: string
  /** The page for people. */
  link: string
}

/** How a run stands. */
export type Sight = { state: 'waiting' } | { state: 'running' } | { state: 'ended'; end: RunEnd }

/** What does the runs: the local queue, or a build server. */
export interface Executor {
  readonly kind: 'local' | 'drone'
  /** How long a trigger may take effect after its answer was lost (ms). */
  readonly lateMs: number
  /**
   * Hands a run over.
   *
   * @param source the address of the recipe's repository.
   * @throws {ExecutorAwayError} where it was perhaps done, `find` tells, `lateMs` later at the latest.
   * @throws {NothingToRunError} it was not, and will not be.
   */
  create(params: RunParams, source: string): Promise<Triggered>
  /** The run of this id, if it was ever handed over. @throws {ExecutorAwayError} */
  find(runId: string): Promise<Triggered | undefined>
  /** @throws {ExecutorAwayError} */
  look(ref: string, runId: string): Promise<Sight>
  /**
   * Tells a run to end through its teardown; one that has ended is left as it is. `force`: it was told before, and has not.
   *
   * @throws {ExecutorAwayError}
   */
  cancel(ref: string, runId: string, force: boolean): Promise<void>
  /** Ends nothing: runs go on without their executor. */
  close(): Promise<void>
}
