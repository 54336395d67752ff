import { appendFileSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { messageOf } from '../errors.ts'
import { tryLease } from './lease.ts'
import { reclaim } from './reclaim.ts'
import { type Found, type SurveyRequest, survey } from './survey.ts'

/**
 * What the janitor did about something it found:
 * - `left alone`: it is live, kept or of another machine;
 * - `changing`: it was another at the second look, so somebody works on it; the next round looks again;
 * - `gone`: somebody else has removed it meanwhile;
 * - `would take`, `taken`, `failed`: it was dirty at both looks.
 */
export type Outcome = 'left alone' | 'changing' | 'gone' | 'would take' | 'taken' | 'failed'

/** One line of the janitor's report. */
export interface Taking extends Found {
  outcome: Outcome
  /** What went wrong, when it failed. */
  error?: string
  durationMs: number
}

export interface JanitorRequest extends SurveyRequest {
  /** Milliseconds for removing one stack. */
  timeoutMs: number
  /** Says what it would take, and takes nothing. */
  dryRun?: boolean | undefined
  /** Milliseconds between the first look and the second. Default: 2000. */
  secondLookMs?: number | undefined
  /** Also take what is kept for a while. */
  endKept?: boolean | undefined
  /** The file that says what was taken, one JSON object a line. */
  log?: string | undefined
  signal?: AbortSignal | undefined
  onStep?: ((text: string) => void) | undefined
}

/** A run between its lease and its first label, or a person at work by hand, shows itself within this time. */
const SECOND_LOOK_MS = 2_000

/**
 * One round of the janitor: looks for what dead runs have left, looks a second time, and removes what is dirty both times
 * and has not changed, under its lease. Whether an owner lives is decided by its lease alone, never by age.
 */
export async function cleanUp(request: JanitorRequest): Promise<Taking[]> {
  const first = await survey(request)
  const takings = first.filter((found) => !isDue(found, request)).map((found) => taking(found, 'left alone'))
  const due = first.filter((found) => isDue(found, request))
  if (due.length > 0) {
    await pause(request.secondLookMs ?? SECOND_LOOK_MS, undefined, { signal: request.signal })
    const second = await survey({ ...request, only: due.map(({ stack }) => stack) })
    for (const found of due) {
      request.signal?.throwIfAborted()
      const again = second.find(({ stack }) => stack === found.stack)
      takings.push(await act(found, again, request))
    }
  }
  return takings.sort((one, other) => one.stack.localeCompare(other.stack))
}

const isDue = ({ condition }: Found, { endKept }: JanitorRequest): boolean =>
  condition === 'dirty' || (condition === 'kept' && endKept === true)

const taking = (found: Found, outcome: Outcome, started: number = performance.now(), error?: string): Taking => ({
  ...found,
  outcome,
  durationMs: Math.round(performance.now() - started),
  ...(error === undefined ? {} : { error }),
})

async function act(found: Found, again: Found | undefined, request: JanitorRequest): Promise<Taking> {
  if (!again) return taking(found, 'gone')
  if (!isDue(again, request)) return taking(again, 'left alone')
  if (again.things.join('\n') !== found.things.join('\n')) return taking(again, 'changing')
  if (request.dryRun) return taking(again, 'would take')
  return await take(again, request)
}

async function take(found: Found, request: JanitorRequest): Promise<Taking> {
  const { docker, leases, scopes, timeoutMs, onStep, log } = request
  const { stack } = found
  const holder = { runId: 'the janitor', pid: process.pid, since: new Date().toISOString() }
  using lease = tryLease(leases, stack, holder)
  if (!lease) return taking({ ...found, condition: 'live', why: 'its lease was taken a moment ago' }, 'left alone')
  const started = performance.now()
  onStep?.(`cleaning ${stack}`)
  try {
    const why = 'the process of this run is gone: the janitor removes what is left'
    await reclaim({ docker, stack, scopes, timeoutMs, why, onStep })
    const taken = taking(found, 'taken', started)
    if (log) tell(log, taken)
    return taken
  } catch (error) {
    return taking(found, 'failed', started, messageOf(error))
  }
}

function tell(file: string, taken: Taking): void {
  try {
    mkdirSync(dirname(file), { recursive: true })
    appendFileSync(file, `${JSON.stringify({ at: new Date().toISOString(), ...taken })}\n`)
  } catch {
    // A full disk is one of the reasons to clean up.
  }
}
