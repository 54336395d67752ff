import { readFileSync } from 'node:fs'

/** A process, told apart from a later one that was given the same number. */
export interface ProcessMark {
  pid: number
  /** When it started, in the kernel's clock ticks since boot (field 22 of /proc/<pid>/stat). */
  started: string
}

interface Stat {
  state: string
  started: string
}

function statOf(pid: number): Stat | undefined {
  try {
    // The program's name, in brackets, may hold blanks and brackets itself.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return { state: fields[0] ?? '', started: fields[19] ?? '' }
  } catch {
    return undefined
  }
}

/** The mark of a running process, or nothing when there is none. */
export function markProcess(pid: number): ProcessMark | undefined {
  const stat = statOf(pid)
  return stat && { pid, started: stat.started }
}

/** Whether exactly this process still runs. One that has ended and was not yet collected does not. */
export function isRunning(mark: ProcessMark): boolean {
  const stat = statOf(mark.pid)
  return stat !== undefined && stat.started === mark.started && stat.state !== 'Z' && stat.state !== 'X'
}
