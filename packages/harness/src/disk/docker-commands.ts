import { messageOf } from '../errors.ts'
import { run } from '../process/run.ts'

/** What is too young is left alone: somebody may be about to use it. */
const FILTER = ['--filter', 'until=24h'] as const

/**
 * All that is ever pruned. Never `--all`: images with a name are the cache, and those of canonicals that are not up. Never
 * `--volumes`: the data of apps that are not up.
 */
export const PRUNE_COMMANDS: readonly (readonly string[])[] = ['container', 'image', 'builder'].map((what) => [
  what,
  'prune',
  '-f',
  ...FILTER,
])

/** What one of the commands did. */
export interface CommandDone {
  /** As it would be typed. */
  command: string
  /** The lines in which docker names what it removed. */
  removed: string[]
  /** As docker counts, to three digits or so. */
  freedBytes: number
  durationMs: number
  /** What went wrong, when it failed. */
  error?: string
}

/** How a command would be typed. */
export const commandText = (args: readonly string[]): string => `docker ${args.join(' ')}`

/** A disk that is nearly full may be a slow one; an engine takes its time for many layers. */
const TIMEOUT_MS = 30 * 60_000

/** Runs one of {@link PRUNE_COMMANDS} to its end. Never rejects: what went wrong is in what is returned. */
export async function pruneBy(
  args: readonly string[],
  { dockerHost, signal }: { dockerHost: string; signal?: AbortSignal | undefined },
): Promise<CommandDone> {
  const started = performance.now()
  const command = commandText(args)
  try {
    const { stdout, durationMs } = await run('docker', [...args], {
      env: { DOCKER_HOST: dockerHost },
      timeoutMs: TIMEOUT_MS,
      signal,
    })
    return { command, ...readPruned(stdout), durationMs: Math.round(durationMs) }
  } catch (error) {
    const durationMs = Math.round(performance.now() - started)
    return { command, removed: [], freedBytes: 0, durationMs, error: messageOf(error) }
  }
}

const TOTAL = /^Total(?: reclaimed space)?:\s*([\d.]+)\s*([kMGTP]?)B$/

/** Docker's client counts by thousands. */
const POWERS: Record<string, number> = { '': 0, k: 1, M: 2, G: 3, T: 4, P: 5 }

/**
 * Reads what `docker … prune` prints: a heading, a line for each thing, and the total. What it does not know is no line of
 * a thing, and nothing is freed.
 */
export function readPruned(text: string): Pick<CommandDone, 'removed' | 'freedBytes'> {
  const lines = text.split('\n').map((line) => line.trim())
  const total = lines.map((line) => TOTAL.exec(line)).find((match) => match !== null)
  const heading = lines.findIndex((line) => /^Deleted .*:$|^ID\s+RECLAIMABLE/.test(line))
  const end = lines.findIndex((line, index) => index > heading && (line === '' || TOTAL.test(line)))
  const removed = heading < 0 ? [] : lines.slice(heading + 1, end < 0 ? undefined : end)
  const freedBytes = total ? Math.round(Number(total[1]) * 1000 ** (POWERS[total[2] ?? ''] ?? 0)) : 0
  return { removed, freedBytes }
}
