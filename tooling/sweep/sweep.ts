import { mkdirSync } from 'node:fs'
import {
  connectSwarm,
  guardThisProcess,
  leaseFolder,
  leaseHolder,
  loadSettings,
  messageOf,
  newRunId,
  paintFor,
  secrets,
  tryLease,
  UsageError,
} from '@cc-ci/harness'
import { codeOfSignal } from '../cli/child.ts'
import { EXIT } from '../cli/exit-codes.ts'
import { activeRuns, SWEEP_LEASE } from './active.ts'
import { takeCourse } from './course.ts'
import { recipesWithCanonical } from './de-enrolled.ts'
import { Ending } from './ending.ts'
import { type Enrolment, findEnrolled } from './enrolment.ts'
import { exitCodeOfSweep, finishSweep } from './finish.ts'
import type { Means } from './means.ts'
import { outlook } from './outlook.ts'
import { ChildPool } from './pool.ts'
import type { SweepRecord, SweptRecipe } from './record.ts'
import { sweepSteps } from './steps.ts'
import { endCutOff, newSweep, saveSweep, sweepDir } from './store.ts'
import { outlookLines, sweepLines } from './text.ts'

/** The options of `cc-ci sweep` as they were typed. */
export interface SweepFlags {
  /** Recipes, separated by commas or spaces. */
  only?: string
  dryRun?: boolean
  json?: boolean
  /** False: the shared apps are left as they are. */
  reconcile?: boolean
}

/**
 * `cc-ci sweep`: tests all enrolled recipes cold at their latest version, promotes the green, and sums up the night.
 *
 * @returns the exit code: 0 when all is green, or when it was skipped.
 * @throws {NotEnrolledError | SettingsError} before anything is touched.
 */
export async function sweepCommand(names: readonly string[], flags: SweepFlags, root: string): Promise<number> {
  guardThisProcess()
  const settings = await loadSettings({ cwd: root })
  const only = [...new Set([...names, ...(flags.only ?? '').split(/[\s,]+/).filter(Boolean)])].sort()
  using ending = new Ending()
  const err = paintFor(process.stderr)
  const onStep = (text: string) => console.error(err('dim', `  ${text.split('\n')[0]}`))
  const open = async (): Promise<Means> => {
    const docker = await connectSwarm(settings.dockerHost)
    return { docker, settings, leases: await leaseFolder(docker, settings), root, signal: ending.signal, onStep }
  }
  const reconcile = flags.reconcile !== false
  try {
    if (flags.dryRun) {
      const would = await outlook(await open(), { only, reconcile })
      if (flags.json) console.log(JSON.stringify(would, null, 2))
      else for (const line of outlookLines(would, paintFor(process.stdout))) console.log(line)
      return EXIT.green
    }
    const record = newSweep(settings.capacity)
    if (only.length > 0) record.limitedTo = only
    await sweep({ record, open, only, reconcile, ending, root })
    await finishSweep(settings, record)
    const folder = sweepDir(settings.stateDir, record.id)
    if (flags.json) console.log(JSON.stringify(record, null, 2))
    else for (const line of sweepLines(record, folder, paintFor(process.stdout))) console.log(line)
    return record.state === 'interrupted' && ending.told ? codeOfSignal(ending.told) : exitCodeOfSweep(record)
  } catch (error) {
    if (ending.told) return codeOfSignal(ending.told)
    throw error
  }
}

interface SweepRequest {
  record: SweepRecord
  open(): Promise<Means>
  only: readonly string[]
  reconcile: boolean
  ending: Ending
  root: string
}

/** Sweeps, and writes into the record what came of it. @throws {UsageError} before anything is touched. */
async function sweep(request: SweepRequest): Promise<void> {
  const { record, open } = request
  try {
    const means = await open()
    const { leases } = means
    const holder = { runId: `sweep-${record.id}`, pid: process.pid, since: record.startedAt }
    using lease = tryLease(leases, SWEEP_LEASE, holder)
    if (lease) return await alone(request, means)
    const other = leaseHolder(leases, SWEEP_LEASE)
    skip(record, [`another sweep is at work${other ? ` (${other.runId}, process ${other.pid})` : ''}`])
  } catch (error) {
    if (request.ending.signal.aborted) {
      record.state = 'interrupted'
      record.verdict = 'interrupted'
      record.problems.push({ blame: 'infrastructure', text: messageOf(request.ending.signal.reason) })
      return end(record)
    }
    if (error instanceof UsageError) throw error
    // Docker is away, say: that is to be told in the morning.
    record.problems.push({ blame: 'infrastructure', text: secrets.text(messageOf(error)) })
    record.state = 'finished'
    record.verdict = 'red'
    end(record)
  }
}

function skip(record: SweepRecord, why: string[]): void {
  record.state = 'skipped'
  record.skipped = why
  end(record)
}

function end(record: SweepRecord): void {
  const now = Date.now()
  record.endedAt = new Date(now).toISOString()
  record.durationMs = Math.max(0, now - Date.parse(record.startedAt))
}

/** No other sweep is at work on this engine. */
async function alone({ record, only, reconcile, ending, root }: SweepRequest, means: Means): Promise<void> {
  const { settings, leases, signal, onStep } = means
  const { stateDir } = settings
  const cut = endCutOff(stateDir)
  if (cut) record.cutOff = cut.id
  const active = activeRuns(settings, leases)
  if (active.length > 0) return skip(record, active)
  onStep?.('finding the enrolled recipes and their latest versions')
  const enrolment = await findEnrolled({ root, settings, canonicals: recipesWithCanonical(means), only, signal })
  record.recipes = enrolment.enrolled.map(asPlanned)
  record.notes = enrolment.unknown.map(({ recipe, why }) => `Nobody can tell whether ${recipe} is enrolled: ${why}`)
  const folder = sweepDir(stateDir, record.id)
  mkdirSync(folder, { recursive: true })
  saveSweep(stateDir, record)
  await using pool = new ChildPool(Math.max(1, Math.min(settings.capacity, record.recipes.length)))
  ending.tell.add((one) => pool.kill(one))
  const onStart = (kill: (signal: NodeJS.Signals) => void) => void ending.tell.add(kill)
  const steps = sweepSteps({ means, pool, folder, enrolment, whole: only.length === 0, reconcile, onStart })
  await takeCourse(record, steps, { signal, save: (one) => saveSweep(stateDir, one), onStep })
}

function asPlanned({ recipe, enrolledBy, latest, problem }: Enrolment['enrolled'][number]): SweptRecipe {
  const version = latest ? { version: latest.text } : {}
  if (problem !== undefined) return { recipe, enrolledBy, ...version, outcome: 'failed', why: [problem] }
  return { recipe, enrolledBy, ...version, outcome: 'pending', runId: newRunId(recipe) }
}
