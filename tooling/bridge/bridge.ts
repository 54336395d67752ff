import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { learnSecret, type Settings } from '@cc-ci/harness'
import type { Hono } from 'hono'
import { createBridgeApp } from './app.ts'
import { readSecretFile, type ServeConfig } from './config.ts'
import { DroneExecutor } from './executors/drone.ts'
import type { Executor } from './executors/executor.ts'
import { JobQueue } from './executors/jobs.ts'
import { LocalExecutor } from './executors/local.ts'
import { Gitea } from './gitea/client.ts'
import { Keeper } from './keeper.ts'
import type { Log } from './log.ts'
import { Loop } from './loop.ts'
import { Metrics } from './metrics.ts'
import { poll } from './poll.ts'
import { Reach } from './reach.ts'
import { Replies } from './replies.ts'
import { openDatabase } from './store/database.ts'
import { RunStore } from './store/runs.ts'

export interface BridgeOptions {
  config: ServeConfig
  settings: Pick<Settings, 'stateDir' | 'recipeSources'>
  log: Log
}

/** A bridge at work. */
export interface Bridge {
  app: Hono
  /** Ends the bridge in order; runs go on, and the next bridge finds them. */
  close(): Promise<void>
}

/** A loop that has not come round for so long is stuck (ms). */
const STUCK_MS = 300_000

/** How long what is under way may still go on when the bridge is told to end (ms). */
const LAST_STEPS_MS = 3_000

const CLI = join(import.meta.dirname, '../cli/main.ts')

/**
 * Begins to watch Gitea and to keep runs. One process of a state directory does this at a time: see to it before.
 *
 * @throws {ServeConfigError | LaterDatabaseError}
 */
export function startBridge({ config, settings, log }: BridgeOptions): Bridge {
  const token = readSecretFile(config.gitea.tokenFile)
  const { webhookSecretFile } = config.gitea
  const webhookSecret = webhookSecretFile === undefined ? undefined : readSecretFile(webhookSecretFile)
  const droneToken = config.executor.kind === 'drone' ? readSecretFile(config.executor.tokenFile) : ''
  for (const secret of [token, webhookSecret, droneToken]) if (secret) learnSecret(secret)
  const db = openDatabase(settings.stateDir)
  const store = new RunStore(db)
  const queue = new JobQueue(db)
  const giteaReach = new Reach('Gitea', log)
  const executorReach = new Reach(config.executor.kind === 'drone' ? 'Drone' : 'the local queue', log)
  const metrics = new Metrics({
    open: () => store.unsettled().length,
    queued: () => queue.counts().queued,
    giteaAway: () => giteaReach.awaySince !== undefined,
    executorAway: () => executorReach.awaySince !== undefined,
  })
  const gitea = new Gitea(config.gitea.url, token, (what, status) => metrics.requests.inc({ what, status }))
  const executor: Executor =
    config.executor.kind === 'drone'
      ? new DroneExecutor(config.executor, droneToken)
      : new LocalExecutor({
          queue,
          stateDir: settings.stateDir,
          capacity: config.executor.capacity,
          command: config.executor.command ?? [process.execPath, CLI, 'run'],
          recipeSources: settings.recipeSources,
          link: (runId) => `${config.publicUrl}/runs/${runId}`,
          log,
          onChange: () => keeping.wake(),
        })
  const keeper = new Keeper({
    config,
    stateDir: settings.stateDir,
    store,
    replies: new Replies(db, gitea, config.gitea.bot),
    gitea,
    executor,
    giteaReach,
    executorReach,
    log,
    triggered: (afterMs) => metrics.trigger.observe(Math.max(0, afterMs) / 1000),
    ended: (result) => metrics.runs.inc({ result }),
  })
  const keeping: Loop = new Loop(() => keeper.round(), config.watchSeconds * 1000)
  const polling = new Loop(async () => {
    try {
      await poll({
        gitea,
        store,
        config: config.gitea,
        log,
        decided: (decision) => {
          metrics.comments.inc({ decision })
          keeping.wake()
        },
      })
      metrics.polls.inc({ result: 'well' })
      giteaReach.well()
    } catch (error) {
      metrics.polls.inc({ result: 'failed' })
      giteaReach.failed(error)
      throw error
    }
  }, config.gitea.pollSeconds * 1000)

  const since = (at: number | undefined) => (at === undefined ? undefined : new Date(at).toISOString())
  const app = createBridgeApp({
    webhookSecret,
    bot: config.gitea.bot,
    wake: () => polling.wake(),
    metrics,
    health: () => ({
      ok: Date.now() - Math.min(polling.lastEnd, keeping.lastEnd) < STUCK_MS,
      giteaAwaySince: since(giteaReach.awaySince),
      executorAwaySince: since(executorReach.awaySince),
      runs: store.unsettled().length,
      queue: queue.counts(),
    }),
  })
  return {
    app,
    async close() {
      await Promise.all([polling.close(), keeping.close()])
      // What is under way may be left at any time; the next bridge takes it up.
      await Promise.race([keeper.idle(), pause(LAST_STEPS_MS, undefined, { ref: false })])
      await executor.close()
      db.close()
    },
  }
}
