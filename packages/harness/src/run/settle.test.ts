import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { assembleRecord } from './assemble.ts'
import { openJournal } from './journal.ts'
import { settleRecord } from './settle.ts'
import { RUN_FILES, readRecord, saveRecord } from './store.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ccci-settle-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const record = (state: 'running' | 'finished', pid: number) => ({
  ...assembleRecord({
    id: 'a-run',
    recipe: 'demo',
    state,
    startedAt: 1_000,
    tests: [],
    fileErrors: [],
    unhandledErrors: [],
    journal: [],
  }),
  pid,
})

/** A process that has just ended. */
const deadPid = () => spawnSync(process.execPath, ['-e', '']).pid

test('a record whose runner is gone becomes interrupted, with what the journal says of the teardown', () => {
  saveRecord(folder, record('running', deadPid()))
  openJournal(join(folder, RUN_FILES.journal)).write({ event: 'teardown', clean: true, left: [], durationMs: 42 })
  settleRecord(folder, 'the process of this run was ended')
  expect(readRecord(folder)).toMatchObject({
    state: 'interrupted',
    verdict: 'interrupted',
    problems: ['the process of this run was ended'],
    teardown: { clean: true, durationMs: 42 },
  })
})

test('a record whose runner lives, or that has ended, stays as it is', () => {
  for (const one of [record('running', process.pid), record('finished', deadPid())]) {
    saveRecord(folder, one)
    settleRecord(folder, 'ended')
    expect(readRecord(folder)).toEqual(one)
  }
})

test('where there is no record, nothing is thrown', () => {
  settleRecord(join(folder, 'nowhere'), 'ended')
})
