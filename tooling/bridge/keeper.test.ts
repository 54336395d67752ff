import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { until } from '../dev-host/until.ts'
import { serveConfig } from './config.ts'
import { DroneExecutor } from './executors/drone.ts'
import { Gitea } from './gitea/client.ts'
import { Keeper } from './keeper.ts'
import { openLog } from './log.ts'
import { Reach } from './reach.ts'
import { Replies } from './replies.ts'
import { openDatabase } from './store/database.ts'
import { RunStore } from './store/runs.ts'
import { DroneStandIn } from './test/drone-stand-in/drone-stand-in.ts'

// Gitea is away all the while: what is to be said waits, and nothing else does. How it is said is shown with a real one.

const TOKEN = 'f'.repeat(32)
const POST_MS = 400

let folder: string
let db: DatabaseSync
let store: RunStore
let drone: DroneStandIn
let said: string
beforeEach(async () => {
  said = ''
  folder = mkdtempSync(join(tmpdir(), 'ccci-keeper-'))
  db = openDatabase(folder)
  store = new RunStore(db)
  drone = await new DroneStandIn('ci/cc-ci').start()
  drone.accounts.set(TOKEN, { login: 'ci-bot', right: 'write', active: true })
})
afterEach(async () => {
  await drone[Symbol.asyncDispose]()
  db.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A keeper as a bridge that was just started has it. */
function keeper(change: object = {}): Keeper {
  const config = serveConfig.parse({
    publicUrl: 'http://ci.example',
    gitea: { url: 'http://127.0.0.1:9', bot: 'cc-ci', tokenFile: 't', organisations: ['recipes'] },
    ...change,
  })
  const log = openLog((line) => {
    said += line
  })
  const gitea = new Gitea(config.gitea.url, 't')
  const executor = { kind: 'drone' as const, url: drone.url, tokenFile: '', repository: 'ci/cc-ci', branch: 'main' }
  return new Keeper({
    config,
    stateDir: folder,
    store,
    replies: new Replies(db, gitea, 'cc-ci'),
    gitea,
    executor: new DroneExecutor(executor, TOKEN, POST_MS),
    giteaReach: new Reach('Gitea', log),
    executorReach: new Reach('Drone', log),
    log,
    triggered: () => {},
    ended: () => {},
  })
}

let comments = 0
function accept(pr = 1): string {
  comments += 1
  const run = store.accept({
    commentId: comments,
    repo: 'recipes/custom-html',
    recipe: 'custom-html',
    pr,
    author: 'member',
    sha: 'a'.repeat(40),
    quick: false,
    source: 'http://git.example/recipes/custom-html.git',
    commentedAt: Date.now(),
  })
  if (!run) throw new Error('it was not accepted')
  return run
}

/** Rounds of a keeper until something is so. */
async function keep(by: Keeper, so: () => boolean): Promise<void> {
  const done = await until(
    async () => {
      await by.round()
      return so()
    },
    { deadlineMs: 10_000, everyMs: 20 },
  )
  await by.idle()
  expect(done, said).toBe(true)
}

test('a run is triggered although Gitea is away, and is not settled before it is told of', async () => {
  const run = accept()
  const by = keeper()
  await keep(by, () => drone.builds.length === 1)
  drone.turn(1, 'killed')
  await keep(by, () => store.get(run)?.outcome?.result === 'interrupted')
  expect(store.unsettled()).toHaveLength(1)
})

test('a trigger that came to nothing is sent again, once nothing can come of it any more', async () => {
  accept()
  const never = Promise.withResolvers<'read' | 'failed'>()
  drone.readingYaml = () => never.promise
  await keep(keeper(), () => drone.creations === 1)
  drone.readingYaml = async () => 'read'
  const sentAt = Date.now()
  await keep(keeper(), () => drone.builds.length === 1)
  expect(drone.creations).toBe(2)
  // It was waited for before, and once more as long as it might still have appeared.
  expect(Date.now() - sentAt).toBeLessThan(8_000)
  never.resolve('failed')
})

test('one that was certainly refused is sent again without that wait', async () => {
  const run = accept()
  drone.readingYaml = async () => 'failed'
  await keep(keeper(), () => drone.creations === 1)
  expect(store.get(run)?.sentAt).toBeUndefined()
  drone.readingYaml = async () => 'read'
  await keep(keeper(), () => store.get(run)?.ref === '1')
})

test('a run that is superseded before it was sent is never sent', async () => {
  const older = accept()
  const newer = accept()
  await keep(keeper(), () => store.get(newer)?.ref !== undefined && store.get(older)?.endedAt !== undefined)
  expect(drone.builds).toMatchObject([{ params: { RUN_ID: newer } }])
  expect(store.get(older)?.outcome?.result).toBe('superseded')
})

test('one whose trigger was sent in vain or not is cancelled where it is found', async () => {
  const older = accept()
  const reading = Promise.withResolvers<'read'>()
  drone.readingYaml = () => reading.promise
  await keep(keeper(), () => drone.creations === 1)
  drone.readingYaml = async () => 'read'
  accept()
  reading.resolve('read')
  await keep(keeper(), () => store.get(older)?.endedAt !== undefined)
  expect(drone.builds.find(({ params }) => params.RUN_ID === older)?.status).toBe('killed')
  expect(drone.builds).toHaveLength(2)
})

test('a run that never begins is given up', async () => {
  const run = accept()
  await keep(keeper({ queueMinutes: 0.01 }), () => store.get(run)?.endedAt !== undefined)
  expect(store.get(run)?.outcome?.result).toBe('queue')
  expect(drone.builds[0]?.status).toBe('killed')
})

test('where Drone is not there for as long as a run may wait, it is given up, too', async () => {
  const { url } = drone
  await drone[Symbol.asyncDispose]()
  const run = accept()
  const by = keeper({ queueMinutes: 0.01 })
  expect(url).toContain('127.0.0.1')
  await keep(by, () => store.get(run)?.endedAt !== undefined)
  expect(store.get(run)?.outcome?.result).toBe('queue')
  await drone.start()
})
