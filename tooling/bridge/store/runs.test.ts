import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { databaseFile, openDatabase } from './database.ts'
import { LaterDatabaseError } from './migrations.ts'
import { RunStore } from './runs.ts'

let folder: string
let db: DatabaseSync
let store: RunStore
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ccci-store-'))
  db = openDatabase(folder)
  store = new RunStore(db)
})
afterEach(() => {
  db.close()
  rmSync(folder, { recursive: true, force: true })
})

let comments = 0
const asked = (change: object = {}) => {
  comments += 1
  return {
    commentId: comments,
    repo: 'recipes/custom-html',
    recipe: 'custom-html',
    pr: 1,
    author: 'member',
    sha: 'a'.repeat(40),
    quick: false,
    source: 'http://git.example/recipes/custom-html.git',
    commentedAt: 1,
    ...change,
  }
}

test('a comment is accepted once', () => {
  const one = asked()
  const run = store.accept(one)
  expect(run).toMatch(/-custom-html-/)
  expect(store.accept(one)).toBeUndefined()
  expect(store.unsettled()).toMatchObject([{ ...one, runId: run, ref: undefined, outcome: undefined }])
})

test('one that was refused is never accepted', () => {
  const one = asked()
  store.decide({ ...one, id: one.commentId }, 'refused')
  expect(store.accept(one)).toBeUndefined()
  expect(store.unsettled()).toEqual([])
})

test('a newer comment on the same pull request tells the older runs to end, and no others', () => {
  const older = store.accept(asked()) ?? ''
  const elsewhere = store.accept(asked({ pr: 2 })) ?? ''
  const otherRepo = store.accept(asked({ repo: 'recipes/n8n' })) ?? ''
  const over = store.accept(asked({ pr: 3 })) ?? ''
  store.ended(over, { result: 'green', stages: [], problems: [] })
  const newer = store.accept(asked()) ?? ''
  store.accept(asked({ pr: 3 }))
  expect(store.get(older)).toMatchObject({ cancelWhy: 'superseded', newer })
  for (const run of [elsewhere, otherRepo, over, newer]) expect(store.get(run)?.cancelWhy).toBeUndefined()
})

test('of a commit, only the newest run speaks in its context', () => {
  const [full, quick] = [store.accept(asked()) ?? '', store.accept(asked({ quick: true })) ?? '']
  const outdone = (runId: string) => {
    const run = store.get(runId)
    return run && store.isOutdone(run)
  }
  expect([outdone(full), outdone(quick)]).toEqual([false, false])
  store.accept(asked())
  expect([outdone(full), outdone(quick)]).toEqual([true, false])
})

test('what ended stays as it ended', () => {
  const run = store.accept(asked()) ?? ''
  store.ended(run, { result: 'green', stages: [], problems: [] })
  store.ended(run, { result: 'red', stages: [], problems: [] })
  expect(store.get(run)?.outcome?.result).toBe('green')
})

test('the cursor never goes back, and keeps its beginning', () => {
  store.setCursor('recipes', 1000)
  store.setCursor('recipes', 3000)
  store.setCursor('recipes', 2000)
  expect(store.cursor('recipes')).toEqual({ began: 1000, since: 3000 })
})

test('those who wait are told in their order, as the dashboard reads them', () => {
  const [one, other, third] = [asked({ pr: 1 }), asked({ pr: 2, quick: true }), asked({ pr: 3 })]
  const runs = [one, other, third].map((each) => store.accept(each) ?? '')
  store.began(runs[0] ?? '')
  expect(db.prepare('SELECT run_id, recipe, pr, sha, quick, requested_by FROM waiting_runs').all()).toMatchObject([
    { run_id: runs[1], recipe: 'custom-html', pr: 2, quick: 1, requested_by: 'member' },
    { run_id: runs[2], pr: 3, quick: 0 },
  ])
})

test('what was written is there when the file is opened again, and a later version of it is refused', () => {
  const run = store.accept(asked())
  db.close()
  db = openDatabase(folder)
  expect(new RunStore(db).unsettled()).toMatchObject([{ runId: run }])
  db.exec('PRAGMA user_version = 99')
  db.close()
  expect(() => openDatabase(folder)).toThrow(LaterDatabaseError)
  db = new DatabaseSync(databaseFile(folder))
})
