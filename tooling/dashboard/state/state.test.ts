import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { raiseAlert } from '@cc-ci/harness'
import { expect, test } from 'vitest'
import { TestState } from '../sample/test-state.ts'
import { alerts } from './alerts.ts'
import { currentStep } from './current-step.ts'
import { janitorTakings } from './janitor.ts'
import { waitingRuns } from './queue.ts'
import { warmApps } from './warm.ts'

const AT = '2026-01-30T10:15:02.000Z'
const json = JSON.stringify

test('where nothing is, nothing is found', async () => {
  using state = new TestState()
  expect([
    await warmApps(state.dir),
    await alerts(state.dir),
    await janitorTakings(state.dir, 5),
    waitingRuns(state.dir),
  ]).toEqual([[], [], [], []])
})

test('what the janitor took is told, the newest first, by the whole lines of its log', async () => {
  using state = new TestState()
  const line = (stack: string) =>
    json({
      at: AT,
      stack,
      why: 'nobody holds its lease',
      outcome: 'taken',
      condition: 'dirty',
      trust: 'label',
      runIds: ['a'],
      things: ['service app'],
      durationMs: 7,
    })
  state.write('janitor.jsonl', `${line('one')}\n{"half":\n{"at":"never"}\n${line('two')}\n${line('three')}\n{"cut`)
  expect((await janitorTakings(state.dir, 2)).map(({ stack }) => stack)).toEqual(['three', 'two'])
  expect((await janitorTakings(state.dir, 9)).map(({ stack }) => stack)).toEqual(['three', 'two', 'one'])
})

test('of a long log only the end is read', async () => {
  using state = new TestState()
  const lines = Array.from({ length: 20_000 }, (_, at) => json({ at: AT, stack: `s${at}`, outcome: 'taken' }))
  state.write('janitor.jsonl', `${lines.join('\n')}\n`)
  expect((await janitorTakings(state.dir, 3)).map(({ stack }) => stack)).toEqual(['s19999', 's19998', 's19997'])
})

test('canonicals and shared apps are told apart, and secrets are not looked at', async () => {
  using state = new TestState()
  const made = { how: 'upgraded', from: '1.0.0', runId: 'a-run', at: AT }
  state.write('warm/demo/canonical.json', json({ recipe: 'demo', version: '1.1.0', commit: 'abc', made, takenAt: AT }))
  state.write('warm/demo/in-use.json', json({ runId: 'b-run', step: 'attached' }))
  state.write('warm/keycloak/last-good.json', json({ version: '10.7.1', commit: 'def', since: AT }))
  state.write('warm/keycloak.json', json({ url: 'x', username: 'admin', password: 'secret' }))
  state.write('warm/hurt/canonical.json', json({ recipe: 'hurt', version: '1.1.0' }))
  state.write('warm/hurt/in-use.json', json({ runId: 'b-run', step: 'damaged', why: 'a volume is gone' }))
  state.write('warm/broken/canonical.json', '{"version": 1}')
  state.write('warm/empty/snapshot/manifest.json', '')
  expect(await warmApps(state.dir)).toMatchObject([
    {
      name: 'demo',
      recipe: 'demo',
      kind: 'canonical',
      version: '1.1.0',
      commit: 'abc',
      since: AT,
      made: 'upgraded from 1.0.0',
      madeBy: 'a-run',
      snapshotAt: AT,
      usedBy: 'b-run',
    },
    { name: 'hurt', damaged: 'a volume is gone', usedBy: undefined },
    {
      name: 'keycloak',
      recipe: 'keycloak',
      kind: 'shared app',
      version: '10.7.1',
      commit: 'def',
      since: AT,
      snapshotAt: undefined,
      usedBy: undefined,
    },
  ])
})

test('alerts that wait and those that were delivered are told, whatever else lies there', async () => {
  using state = new TestState()
  const alert = {
    subject: 'keycloak',
    text: 'held',
    attempted: '11.0.0',
    lastGood: { version: '10.7.1', commit: 'abc' },
  }
  state.write('alerts/1.json', json({ id: '1', time: AT, ...alert }))
  state.write('alerts/archive/0.json', json({ id: '0', time: '2026-01-29T10:15:02.000Z', ...alert, recovered: true }))
  state.write('alerts/half.json', '{')
  state.write('alerts/.2.json.tmp', json({ id: '2', time: AT, ...alert }))
  expect(
    (await alerts(state.dir)).map(({ id, archived, lastGood, recovered }) => [id, archived, lastGood, recovered]),
  ).toEqual([
    ['1', false, '10.7.1', undefined],
    ['0', true, '10.7.1', true],
  ])
})

test('an alert that was raised is told as it was raised', async () => {
  using state = new TestState()
  const at = (version: string) => ({ version, commit: 'abc' })
  const { alert } = raiseAlert(state.dir, {
    subject: 'keycloak',
    cause: 'held',
    title: 'held at 10.7.1',
    text: 'a major step',
    attempted: at('11.0.0'),
    lastGood: at('10.7.1'),
  })
  expect(await alerts(state.dir)).toEqual([
    {
      id: alert.id,
      at: alert.time,
      subject: 'keycloak',
      cause: 'held',
      title: 'held at 10.7.1',
      text: 'a major step',
      attempted: '11.0.0',
      lastGood: '10.7.1',
      archived: false,
    },
  ])
})

test('the queue is read in its order, and a database without one is no failure', () => {
  using state = new TestState()
  using database = new DatabaseSync(join(state.dir, 'cc-ci.db'))
  expect(waitingRuns(state.dir)).toEqual([])
  database.exec(
    'create table waiting_runs (run_id text, recipe text, pr integer, sha text, quick integer, requested_by text, requested_at integer)',
  )
  database.exec(
    "insert into waiting_runs values ('a', 'demo', 7, '', 0, 'ann', 1000), ('b', 'n8n', 8, '', 1, 'bob', 2000)",
  )
  expect(waitingRuns(state.dir)).toEqual([
    { runId: 'a', recipe: 'demo', pr: '7', quick: false, by: 'ann', since: '1970-01-01T00:00:01.000Z' },
    { runId: 'b', recipe: 'n8n', pr: '8', quick: true, by: 'bob', since: '1970-01-01T00:00:02.000Z' },
  ])
})

test('the current step is the last that was begun and is not over', async () => {
  using state = new TestState()
  const step = json({ at: 1_000, event: 'step', text: 'waiting for app' })
  const file = 'runs/demo/journal.jsonl'
  state.write(file, `${step}\n${json({ at: 2, event: 'warning', text: 'x' })}\n`)
  expect(await currentStep(state.dir, 'demo')).toEqual({ text: 'waiting for app', since: '1970-01-01T00:00:01.000Z' })
  state.write(file, `${step}\n${json({ at: 2, event: 'done', text: 'x', durationMs: 1 })}\n`)
  expect(await currentStep(state.dir, 'demo')).toBeUndefined()
})
