import { isRunning, type ProcessMark } from './process-mark.ts'
import { until } from './until.ts'

/** Ends a process: asks first, insists after `patienceMs`. Returns when it is gone; one that is gone already is fine. */
export async function endProcess(mark: ProcessMark, patienceMs: number): Promise<void> {
  for (const [signal, deadlineMs] of [
    ['SIGTERM', patienceMs],
    ['SIGKILL', 5_000],
  ] as const) {
    if (!isRunning(mark)) return
    try {
      process.kill(mark.pid, signal)
    } catch {
      return
    }
    if (await until(() => !isRunning(mark), { deadlineMs, everyMs: 20 })) return
  }
}
