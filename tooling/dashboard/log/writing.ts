import { stat } from 'node:fs/promises'
import { isRunning } from '@cc-ci/harness'
import type { RunSummary } from '../index/summary.ts'

/** A log that nobody has written to for this long after the run has ended is whole (ms). */
const QUIET_MS = 2_000

/**
 * Whether more may come in the log of a run. Its record says that it has ended before the last lines are shown, the summary
 * among them: until its process is gone, or has been quiet for a while, there may be more.
 */
export async function isWriting(run: RunSummary | undefined, log: string): Promise<boolean> {
  if (!run || run.status === 'running') return run !== undefined
  // It was cut off, or its process is gone.
  if (run.state === 'running' || !isRunning({ ...run, state: 'running' })) return false
  const written = await stat(log).catch(() => undefined)
  return written !== undefined && Date.now() - written.mtimeMs < QUIET_MS
}
