import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { CcciError } from '../errors.ts'

/** The variable by which a run's programs are known: all of them inherit it, and theirs do, too. */
export const MARK = 'CCCI_SCOPE'

/** Programs of a run did not end, not even by SIGKILL. */
export class ProcessesLeftError extends CcciError {}

/** A process, found by its environment. */
export interface FoundProcess {
  pid: number
  /** Its command line; empty when it cannot be read. */
  command: string
}

/** How long a program may take to end in order (ms). */
const TERM_MS = 2_000

/** How long the kernel may take to end one that it was told to kill (ms). */
const KILL_MS = 5_000

const LOOK_AGAIN_MS = 25

/** Marks every program that this process starts from now on. @returns ends the marking. */
export function markChildren(mark: string): () => void {
  process.env[MARK] = mark
  return () => {
    if (process.env[MARK] === mark) delete process.env[MARK]
  }
}

/** The processes that carry a mark, wherever they are in the tree and whoever their parent is by now. */
export const markedProcesses = (mark: string): FoundProcess[] => processesWith(MARK, mark)

/**
 * The processes that were started with a variable of this value (or a value that starts like this, by `startsWith`) in their
 * environment, this one excluded. Empty where there is no /proc.
 */
export function processesWith(variable: string, value: string, { startsWith = false } = {}): FoundProcess[] {
  const text = `${variable}=${value}`
  const wanted = (one: string) => (startsWith ? one.startsWith(text) : one === text)
  return pids().flatMap((pid) => {
    if (pid === process.pid || !read(pid, 'environ').split('\0').some(wanted)) return []
    return [{ pid, command: read(pid, 'cmdline').replaceAll('\0', ' ').trim() }]
  })
}

function pids(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
  } catch {
    return []
  }
}

/** A process that has ended meanwhile has nothing to say. */
function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}

/** Ends a process at once; one that has ended is as wanted. */
export function killProcess(pid: number): void {
  tell(pid, 'SIGKILL')
}

/**
 * Ends every process that carries a mark: first in order, then by force. What they start meanwhile, too.
 *
 * @throws {ProcessesLeftError}
 */
export async function endMarked(mark: string): Promise<void> {
  if (await ended(mark, 'SIGTERM', TERM_MS)) return
  if (await ended(mark, 'SIGKILL', KILL_MS)) return
  const left = markedProcesses(mark)
  throw new ProcessesLeftError({
    happened: `Programs of this run are still there: ${left.map(({ pid }) => pid).join(', ')}.`,
    lastSeen: left.map(({ pid, command }) => `${pid} ${command}`).join('\n'),
    todo: 'Does a disk or a network file system hang? Such a process cannot be ended before that does.',
  })
}

async function ended(mark: string, signal: NodeJS.Signals, forMs: number): Promise<boolean> {
  const deadline = performance.now() + forMs
  const told = new Set<number>()
  for (;;) {
    const left = markedProcesses(mark)
    if (left.length === 0) return true
    if (performance.now() > deadline) return false
    for (const { pid } of left) {
      if (signal === 'SIGKILL' || !told.has(pid)) tell(pid, signal)
      told.add(pid)
    }
    // The end of a process that is no child of this one makes no event.
    await pause(LOOK_AGAIN_MS)
  }
}

function tell(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended.
  }
}
