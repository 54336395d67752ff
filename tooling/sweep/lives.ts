import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { isRunning } from '@cc-ci/harness'

/** The kernel counts from boot, in hundredths of a second; clocks are set. */
const SLACK_MS = 10_000

/**
 * Whether the process that writes a record lives on this host. One that was started after the record has only got the number
 * of the one that began it.
 */
export function livesHere(record: { state: string; host: string; pid: number; startedAt: string }): boolean {
  const { state, host, pid, startedAt } = record
  if (state !== 'running' || host !== hostname() || !isRunning({ state, host, pid })) return false
  const began = startOf(pid)
  return began === undefined || began <= Date.parse(startedAt) + SLACK_MS
}

/** When a process was started (milliseconds since 1970), where /proc says so. */
function startOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
    const [uptime] = readFileSync('/proc/uptime', 'utf8').split(' ')
    const began = Date.now() - (Number(uptime) - ticks / 100) * 1000
    return Number.isFinite(began) ? began : undefined
  } catch {
    return undefined
  }
}
