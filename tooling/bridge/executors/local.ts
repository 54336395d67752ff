import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { killProcess, processesWith, writeAtomically } from '@cc-ci/harness'
import type { Log } from '../log.ts'
import type { RunParams } from '../params.ts'
import type { Executor, Sight, Triggered } from './executor.ts'
import { JOB_FILES, type JobOrder } from './job-files.ts'
import { lookAtJob } from './job-folder.ts'
import type { Job, JobQueue } from './jobs.ts'

/** What the local executor works with. */
export interface LocalOptions {
  queue: JobQueue
  stateDir: string
  capacity: number
  /** What does a run: it gets the recipe, `--ref`, `--pr` and the environment of `environmentOf`. */
  command: readonly string[]
  /** Where else recipes are, after the repository's own forge. */
  recipeSources: readonly string[]
  link: (runId: string) => string
  log: Log
  /** Told when a run may have ended, so that somebody looks. */
  onChange: () => void
}

/** How often it is tried to begin a run whose launcher ends without having begun it. */
const LAUNCHES = 3

/** How long what a run printed is kept beside its record (ms). */
const KEPT_MS = 30 * 24 * 3600 * 1000

const LAUNCHER = join(import.meta.dirname, 'launch.ts')

const RUN_ID = 'CCCI_RUN_ID'

/** Runs as child processes of this host, which outlive the bridge. */
export class LocalExecutor implements Executor {
  readonly kind = 'local'
  /** It is known at once whether a run is in the queue. */
  readonly lateMs = 0
  readonly #options: LocalOptions
  /** Launchers of this process that have not said yet whether they begin. */
  readonly #launching = new Set<string>()
  readonly #told = new Set<number>()

  constructor(options: LocalOptions) {
    this.#options = options
    this.#pump()
  }

  async create(params: RunParams, source: string): Promise<Triggered> {
    this.#options.queue.add(params, source)
    this.#forget()
    this.#pump()
    return this.#triggered(params.RUN_ID)
  }

  async find(runId: string): Promise<Triggered | undefined> {
    return this.#options.queue.get(runId) && this.#triggered(runId)
  }

  async look(_ref: string, runId: string): Promise<Sight> {
    const job = this.#options.queue.get(runId)
    if (!job) return { state: 'ended', end: { result: 'error', detail: 'it is in no queue' } }
    if (job.state === 'launched') this.#watch(job)
    const { state, end } = this.#options.queue.get(runId) ?? job
    this.#pump()
    if (end) return { state: 'ended', end }
    return { state: state === 'queued' ? 'waiting' : 'running' }
  }

  async cancel(_ref: string, runId: string, force: boolean): Promise<void> {
    const { queue } = this.#options
    queue.withdraw(runId)
    if (queue.get(runId)?.state !== 'launched') return
    if (force) {
      for (const { pid } of this.#processes(runId)) killProcess(pid)
      return
    }
    const sight = lookAtJob(this.#folder(runId))
    if (sight.state === 'running') tell(sight.launcher.pid)
    else if (sight.state === 'not begun') queue.ended(runId, { result: 'killed' })
  }

  async close(): Promise<void> {}

  #triggered(runId: string): Triggered {
    return { ref: runId, link: this.#options.link(runId) }
  }

  #folder(runId: string): string {
    return join(this.#options.stateDir, 'bridge', runId)
  }

  #forget(): void {
    for (const runId of this.#options.queue.forget(Date.now() - KEPT_MS)) {
      rmSync(this.#folder(runId), { recursive: true, force: true })
    }
  }

  /** Begins what there is room for. */
  #pump(): void {
    const { queue, capacity } = this.#options
    for (const job of queue.launched()) this.#watch(job)
    for (let job = queue.take(capacity); job; job = queue.take(capacity)) this.#launch(job)
  }

  #watch(job: Job): void {
    const { queue, log } = this.#options
    const { runId } = job
    const sight = lookAtJob(this.#folder(runId))
    if (sight.state === 'ended') {
      queue.ended(runId, sight.end)
    } else if (sight.state === 'lost') {
      // What it started may still be there; wardens are to stay, since they remove the app.
      const left = this.#processes(runId)
      for (const { pid } of left.filter((each) => !this.#told.has(each.pid))) {
        this.#told.add(pid)
        tell(pid)
      }
      if (left.length === 0) queue.ended(runId, { result: 'killed', detail: 'its process was killed from outside' })
    } else if (sight.state === 'not begun' && !this.#launching.has(runId)) {
      if (this.#processes(runId).length > 0) return
      log.warn('run not begun, launching again', { run: runId, launches: job.launches })
      this.#launch(queue.get(runId) ?? job)
    }
  }

  /** The processes of a run, but for those that clean up after it. */
  #processes(runId: string): { pid: number }[] {
    return processesWith(RUN_ID, runId).filter(({ command }) => !command.includes('warden-main'))
  }

  #launch(job: Job): void {
    const { queue, stateDir, log, onChange } = this.#options
    const { runId } = job
    if (job.launches >= LAUNCHES) {
      queue.ended(runId, { result: 'error', detail: 'its process could not be started' })
      return
    }
    queue.launching(runId)
    const folder = this.#folder(runId)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeAtomically(join(folder, JOB_FILES.order), JSON.stringify(this.#order(job)))
    const { CI: _, ...env } = process.env
    const output = openSync(join(folder, JOB_FILES.output), 'a', 0o600)
    this.#launching.add(runId)
    const child = spawn(process.execPath, [LAUNCHER, folder], {
      cwd: '/',
      detached: true,
      // By this it is found again. Where CI is set, a run ends with the process that it came from, which may be restarted.
      env: { ...env, [RUN_ID]: runId, CCCI_STATE_DIR: stateDir },
      stdio: ['ignore', output, output],
    })
    closeSync(output)
    child.unref()
    const over = () => {
      this.#launching.delete(runId)
      onChange()
    }
    child.on('error', (error) => {
      log.error('launcher cannot be started', { run: runId, error: error.message })
      over()
    })
    child.on('exit', over)
    log.info('run launched', { run: runId, process: child.pid })
  }

  #order({ params, source }: Job): JobOrder {
    const { command, recipeSources } = this.#options
    const siblings = source.replace(/[^/]+$/, '{recipe}.git')
    return {
      command: [...command, params.RECIPE, '--ref', params.SHA, '--pr', params.PR],
      env: {
        CCCI_QUICK: params.QUICK === '1' ? '1' : '',
        CCCI_RECIPE_SOURCES: [siblings, ...recipeSources].join(' '),
        NO_COLOR: '1',
      },
    }
  }
}

function tell(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM')
  } catch {
    // It has ended.
  }
}
