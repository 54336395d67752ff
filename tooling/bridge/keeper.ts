import { messageOf } from '@cc-ci/harness'
import { statusOf } from './commit-status.ts'
import type { ServeConfig } from './config.ts'
import { type Executor, ExecutorAwayError, NothingToRunError } from './executors/executor.ts'
import type { Gitea } from './gitea/client.ts'
import { GiteaRefusedError } from './gitea/errors.ts'
import { tellLinks } from './links.ts'
import type { Log } from './log.ts'
import { outcomeOf, type RunEnd, recordOf } from './outcome.ts'
import { paramsOf } from './params.ts'
import type { Reach } from './reach.ts'
import type { Replies } from './replies.ts'
import { helpText, replyText } from './reply-text.ts'
import type { BridgeRun, RunStore } from './store/runs.ts'

/** What runs are kept with. */
export interface Keeping {
  config: ServeConfig
  stateDir: string
  store: RunStore
  replies: Replies
  gitea: Gitea
  executor: Executor
  giteaReach: Reach
  executorReach: Reach
  log: Log
  /** Told of each trigger: how long after its comment (ms). */
  triggered: (afterMs: number) => void
  ended: (result: string) => void
}

const MINUTE_MS = 60_000

/**
 * Takes every accepted run on by as much as can be done now: triggers it, watches it, ends it when its time is over, and
 * says on the pull request how it stands. Each step is written down before the next, so it may be killed between any two.
 */
export class Keeper {
  readonly #parts: Keeping
  readonly #busy = new Map<string, Promise<void>>()

  constructor(parts: Keeping) {
    this.#parts = parts
  }

  /** One round; runs do not wait for each other, nor is a slow one waited for. */
  async round(): Promise<void> {
    const { store } = this.#parts
    const work: Promise<void>[] = []
    for (const { runId } of store.unsettled()) work.push(this.#once(runId, () => this.#keep(runId)))
    for (const comment of store.unanswered()) {
      work.push(this.#once(`help:${comment.id}`, () => this.#tell(() => this.#help(comment))))
    }
    await Promise.race([Promise.allSettled(work), new Promise((resolve) => setImmediate(resolve))])
  }

  /** Resolves when nothing is being done any more. */
  async idle(): Promise<void> {
    while (this.#busy.size > 0) await Promise.allSettled(this.#busy.values())
  }

  /** Work of one name goes on once at a time. */
  #once(name: string, work: () => Promise<void>): Promise<void> {
    const going = this.#busy.get(name)
    if (going) return going
    const begun = work()
      .catch((error: unknown) => this.#parts.log.error('run cannot be kept', { run: name, error: messageOf(error) }))
      .finally(() => this.#busy.delete(name))
    this.#busy.set(name, begun)
    return begun
  }

  async #keep(runId: string): Promise<void> {
    const { store, executorReach } = this.#parts
    if (!executorReach.resting) {
      try {
        await this.#advance(runId)
        executorReach.well()
      } catch (error) {
        if (!(error instanceof ExecutorAwayError)) throw error
        executorReach.failed(error)
      }
    }
    const run = store.get(runId)
    if (run) await this.#tell(() => this.#report(run))
  }

  async #advance(runId: string): Promise<void> {
    const run = this.#parts.store.get(runId)
    if (!run || run.endedAt !== undefined) return
    const triggered = run.ref === undefined ? await this.#trigger(run) : run
    if (triggered?.ref !== undefined) await this.#watch(triggered, triggered.ref)
  }

  /** Sends a trigger at most once: after one whose answer was lost, the run is looked for until it can no longer appear. */
  async #trigger(run: BridgeRun): Promise<BridgeRun | undefined> {
    const { store, executor, log, triggered } = this.#parts
    const { runId } = run
    if (run.sentAt !== undefined) {
      const found = await executor.find(runId)
      if (found) {
        store.triggered(runId, found.ref, found.link)
        log.info('run found again', { run: runId })
        return store.get(runId)
      }
      if (Date.now() < run.sentAt + executor.lateMs) return undefined
    }
    if (run.cancelWhy) {
      this.#end(run, { result: 'killed' })
      return undefined
    }
    if (Date.now() > run.acceptedAt + this.#parts.config.queueMinutes * MINUTE_MS) {
      store.cancel(runId, 'queue')
      return undefined
    }
    store.sent(runId)
    try {
      const { ref, link } = await executor.create(paramsOf(run), run.source)
      store.triggered(runId, ref, link)
      triggered(Date.now() - run.commentedAt)
      log.info('run triggered', { run: runId, ref, executor: executor.kind })
    } catch (error) {
      if (error instanceof ExecutorAwayError && !error.perhapsDone) store.notSent(runId)
      if (!(error instanceof NothingToRunError)) throw error
      log.error('run refused', { run: runId, error: messageOf(error) })
      this.#end(run, { result: 'error', detail: messageOf(error) })
    }
    return store.get(runId)
  }

  async #watch(run: BridgeRun, ref: string): Promise<void> {
    const { store, executor, config, log, stateDir } = this.#parts
    const { runId } = run
    const sight = await executor.look(ref, runId)
    if (sight.state === 'ended') return this.#end(run, sight.end)
    tellLinks(stateDir, run, config.gitea.url)
    if (sight.state === 'running' && run.beganAt === undefined) store.began(runId)
    const { beganAt, acceptedAt, cancelWhy, cancelAt } = store.get(runId) ?? run
    const now = Date.now()
    const over =
      beganAt === undefined
        ? acceptedAt + config.queueMinutes * MINUTE_MS
        : beganAt + config.deadlineMinutes * MINUTE_MS
    if (!cancelWhy && now > over) store.cancel(runId, beganAt === undefined ? 'queue' : 'deadline')
    if (store.get(runId)?.cancelWhy === undefined) return
    if (cancelAt === undefined) {
      log.info('ending run', { run: runId, why: store.get(runId)?.cancelWhy })
      await executor.cancel(ref, runId, false)
      store.cancelled(runId)
    } else if (now > cancelAt + config.cancelMinutes * MINUTE_MS) {
      log.error('run does not end, ending it by force', { run: runId })
      await executor.cancel(ref, runId, true)
      this.#end(run, { result: 'killed', detail: 'it did not end when it was told to' })
    }
  }

  #end(run: BridgeRun, end: RunEnd): void {
    const { store, stateDir, log, ended } = this.#parts
    const outcome = outcomeOf(end, recordOf(stateDir, run.runId), store.get(run.runId)?.cancelWhy)
    store.ended(run.runId, outcome)
    log.info('run ended', { run: run.runId, result: outcome.result, reached: outcome.level })
    ended(outcome.result)
  }

  /** Says how a run stands, where it is not said yet; one that has ended and was told of is settled. */
  async #report(run: BridgeRun): Promise<void> {
    const { store, replies, gitea, config, log } = this.#parts
    const refused = (what: string) => (error: unknown) => {
      // Such as a locked conversation: no asking again helps, and the other half is said all the same.
      if (!(error instanceof GiteaRefusedError) || error.status === 401) throw error
      log.error(`${what} refused`, { run: run.runId, error: messageOf(error) })
    }
    await replies.show(`run:${run.runId}`, run, replyText(run, config.publicUrl)).catch(refused('comment'))
    const status = statusOf(run, config.publicUrl)
    const shown = JSON.stringify(status)
    if (run.statusShown !== shown && !store.isOutdone(run)) {
      await gitea.setStatus(run.repo, run.sha, status).catch(refused('status'))
      store.statusShown(run.runId, shown)
    }
    if (run.endedAt !== undefined) store.settled(run.runId)
  }

  async #help({ id, repo, pr, option }: { id: number; repo: string; pr: number; option: string }): Promise<void> {
    await this.#parts.replies.show(`help:${id}`, { repo, pr }, helpText(id, option))
    this.#parts.store.answered(id)
  }

  /** What cannot be said now is said in a later round. */
  async #tell(say: () => Promise<void>): Promise<void> {
    const { giteaReach } = this.#parts
    if (giteaReach.resting) return
    try {
      await say()
      giteaReach.well()
    } catch (error) {
      giteaReach.failed(error)
    }
  }
}
