import { readFileSync, readlinkSync } from 'node:fs'

export interface AncestorOptions {
  /** Milliseconds between two looks. Default: 500. */
  everyMs?: number
}

interface ProcessView {
  pid: number
  name: string
  parent: number
  session: number
  terminal: boolean
  /** Clock ticks since boot: tells a process from a later one with the same id. */
  started: string
  ended: boolean
}

/**
 * Watches the processes that this one came from (a build's shell, npm), as they are now, and tells of the first that has
 * ended. A CI runner that cancels a build kills only its shell: what runs below it lives on and is told nothing.
 *
 * Watched is each ancestor from the parent up to the first that leads a session, and that one too: the shell of a
 * terminal, or one that a runner has set apart. What started it (a terminal emulator, tmux, sshd, a runner's daemon) is
 * not. Two leaders are treated otherwise: one that init started is a service such as Drone's runner, whose restart ends
 * no build, and is not watched; one that runs this same program was set apart by its own (`detached`) and does not end
 * the climb. An ancestor that had ended before the watch began cannot be known. Without `/proc`, only the parent is
 * watched.
 *
 * The watch keeps no process alive.
 *
 * @param onGone called once, with a text such as `sh (process 123)`; of several that ended together, the outermost.
 * @returns a function that ends the watch. Idempotent.
 */
export function watchAncestors(onGone: (who: string) => void, options: AncestorOptions = {}): () => void {
  const findGone = seen(process.pid) ? amongAncestors(ancestorsToWatch()) : amongParents(process.ppid)
  // The death of a process that is not one's child makes no event that Node can wait for (it has no pidfd): look again.
  const timer = setInterval(() => {
    const gone = findGone()
    if (gone === undefined) return
    clearInterval(timer)
    onGone(gone)
  }, options.everyMs ?? 500)
  timer.unref()
  return () => clearInterval(timer)
}

const amongParents = (parent: number) => (): string | undefined =>
  process.ppid === parent ? undefined : `the parent (process ${parent})`

const amongAncestors = (ancestors: ProcessView[]) => (): string | undefined => {
  const gone = ancestors.findLast(hasEnded)
  return gone && `${gone.name} (process ${gone.pid})`
}

/** The nearest first. */
function ancestorsToWatch(): ProcessView[] {
  const found: ProcessView[] = []
  for (let next = seen(process.ppid); next && !isInit(next); next = seen(next.parent)) {
    const leads = next.session === next.pid
    if (leads && !next.terminal && startedByInit(next)) break
    found.push(next)
    if (leads && !runsOurProgram(next.pid)) break
  }
  return found
}

/** The first process, or a user's own `systemd`. */
const isInit = ({ pid, name }: ProcessView): boolean => pid === 1 || name === 'systemd'

const startedByInit = ({ parent }: ProcessView): boolean => parent === 1 || seen(parent)?.name === 'systemd'

function runsOurProgram(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/exe`) === readlinkSync('/proc/self/exe')
  } catch {
    return false
  }
}

/** A zombie has ended, too: its parent has only not asked yet. */
function hasEnded({ pid, started }: ProcessView): boolean {
  try {
    const now = view(pid)
    return now === undefined || now.ended || now.started !== started
  } catch {
    // Not readable just now (too many open files): says nothing of that process.
    return false
  }
}

/** A process, if this user may see it. */
function seen(pid: number): ProcessView | undefined {
  try {
    return view(pid)
  } catch {
    return undefined
  }
}

/** A process as `/proc/<pid>/stat` has it; `undefined` when there is none. */
function view(pid: number): ProcessView | undefined {
  const stat = readStat(pid)
  if (stat === undefined) return undefined
  // The name stands in brackets and may hold anything, brackets and spaces too.
  const end = stat.lastIndexOf(')')
  const fields = stat.slice(end + 2).split(' ')
  const [state = '', parent, , session, terminal] = fields
  return {
    pid,
    name: stat.slice(stat.indexOf('(') + 1, end),
    parent: Number(parent),
    session: Number(session),
    terminal: terminal !== '0',
    started: fields[19] ?? '',
    ended: 'ZX'.includes(state),
  }
}

function readStat(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return undefined
    throw error
  }
}
