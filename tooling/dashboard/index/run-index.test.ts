import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runDir, saveRecord } from '@cc-ci/harness'
import { expect, test } from 'vitest'
import { sampleRecord, writeSampleRecord } from '../sample/record.ts'
import { TestState } from '../sample/test-state.ts'
import { RunIndex } from './run-index.ts'

const at = (hour: number) => `2026-01-30T${String(hour).padStart(2, '0')}:15:02.000Z`

test('a run is seen when it begins, as it goes on, when it ends, and when its record is removed', async () => {
  using state = new TestState()
  const index = new RunIndex(state.dir)
  await index.refresh()
  expect(index.all()).toEqual([])

  writeSampleRecord(state.dir, { recipe: 'older', startedAt: at(9) })
  const { folder, record } = writeSampleRecord(state.dir, { recipe: 'demo', startedAt: at(10), state: 'running' })
  await index.refresh()
  expect(index.all().map(({ recipe, status }) => [recipe, status])).toEqual([
    ['demo', 'running'],
    ['older', 'green'],
  ])

  saveRecord(
    folder,
    sampleRecord({
      recipe: 'demo',
      startedAt: at(10),
      verdict: 'red',
      blame: 'infrastructure',
      problems: ['no proxy'],
    }),
  )
  await index.refresh()
  expect(index.get(record.id)).toMatchObject({ status: 'infrastructure', problem: 'no proxy' })

  rmSync(folder, { recursive: true })
  await index.refresh()
  expect(index.get(record.id)).toBeUndefined()
  expect(index.has(record.id)).toBe(false)
  expect([...index.byRecipe().keys()]).toEqual(['older'])
})

test('a record that says running although its process is gone is one of an interrupted run', async () => {
  using state = new TestState()
  const { pid } = spawnSync('true')
  const { record } = writeSampleRecord(state.dir, { recipe: 'demo', startedAt: at(10), state: 'running', pid })
  const elsewhere = writeSampleRecord(state.dir, {
    recipe: 'demo',
    startedAt: at(11),
    state: 'running',
    pid,
    host: 'another-host',
  })
  const index = new RunIndex(state.dir)
  await index.refresh()
  expect(index.get(record.id)?.status).toBe('interrupted')
  expect(index.get(elsewhere.record.id)?.status, 'of another host nothing is known').toBe('running')
})

test('a folder shows up as soon as it has a readable record of its own', async () => {
  using state = new TestState()
  const index = new RunIndex(state.dir)
  const record = sampleRecord({ recipe: 'demo', startedAt: at(10) })
  const folder = runDir(state.dir, record.id)
  mkdirSync(folder, { recursive: true })
  await index.refresh()
  expect(index.has(record.id)).toBe(true)
  expect(index.get(record.id)).toBeUndefined()
  for (const other of [
    '{"half":',
    JSON.stringify({ ...record, id: 'of-another' }),
    JSON.stringify({ ...record, level: 7 }),
  ]) {
    writeFileSync(join(folder, 'run.json'), other)
    await index.refresh()
    expect(index.get(record.id), other).toBeUndefined()
  }
  saveRecord(folder, record)
  await index.refresh()
  expect(index.get(record.id)?.status).toBe('green')
})

test('only folders count, by names that a run can have', async () => {
  using state = new TestState()
  using other = new TestState()
  const { folder, record } = writeSampleRecord(other.dir, { recipe: 'secret', startedAt: at(10) })
  mkdirSync(join(state.dir, 'runs', '.hidden'), { recursive: true })
  symlinkSync(folder, runDir(state.dir, record.id))
  state.write('runs/a-file', 'x')
  const index = new RunIndex(state.dir)
  await index.refresh()
  for (const name of [record.id, '.hidden', 'a-file', '..', '']) expect(index.has(name), name).toBe(false)
})

test('a mode that this version does not know is listed', async () => {
  using state = new TestState()
  writeSampleRecord(state.dir, { recipe: 'demo', startedAt: at(10), mode: 'quick' })
  const index = new RunIndex(state.dir)
  await index.refresh()
  expect(index.all()[0]?.mode).toBe('quick')
})

test('however many runs go on, none is forgotten', async () => {
  using state = new TestState()
  const runs = Array.from({ length: 450 }, (_, at) => ({
    recipe: `demo-${at}`,
    startedAt: new Date(Date.UTC(2026, 0, 30) + at * 1000).toISOString(),
  }))
  for (const run of runs) writeSampleRecord(state.dir, { ...run, state: 'running' })
  const index = new RunIndex(state.dir)
  await index.refresh()
  expect(index.all().filter(({ status }) => status === 'running')).toHaveLength(450)
  for (const run of runs) writeSampleRecord(state.dir, run)
  for (const _ of [1, 2, 3]) await index.refresh()
  expect(index.all().filter(({ status }) => status === 'green')).toHaveLength(450)
})
