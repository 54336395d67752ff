import { mkdtempSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { endCutOff, forgetOldSweeps, listSweeps, newSweep, saveSweep } from './store.ts'
import { running } from './test-record.ts'

let stateDir: string
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'ccci-sweeps-'))
})
afterEach(() => rmSync(stateDir, { recursive: true }))

const saved = (id: string) => listSweeps(stateDir).find((record) => record.id === id)

test('a sweep is kept as it is, the newest first', () => {
  const [older, newer] = [newSweep(1, new Date(0)), newSweep(3, new Date(86_400_000))]
  saveSweep(stateDir, newer)
  saveSweep(stateDir, older)
  expect(listSweeps(stateDir)).toEqual([newer, older])
  expect(older.id).toMatch(/^19700101-000000-[0-9a-f]{6}$/)
})

test('one that was cut off is ended by the next, which says so', () => {
  const over = { ...running('a'), id: '1', host: hostname(), state: 'finished' } as const
  const cut = { ...running('a', { ...running('b').recipes[0], recipe: 'b', outcome: 'green' } as never), id: '2' }
  saveSweep(stateDir, over)
  saveSweep(stateDir, { ...cut, host: hostname(), pid: 2 ** 22 + 1 })
  // One for another engine goes on.
  saveSweep(stateDir, {
    ...running('a'),
    id: '4',
    host: hostname(),
    pid: process.pid,
    startedAt: new Date().toISOString(),
  })
  // Of another machine nobody can tell here.
  saveSweep(stateDir, { ...running('a'), id: '3', host: 'another' })
  expect(endCutOff(stateDir)?.id).toBe('2')
  expect(saved('2')).toMatchObject({ state: 'interrupted', verdict: 'interrupted' })
  expect(saved('2')?.recipes.map(({ outcome }) => outcome)).toEqual(['interrupted', 'green'])
  expect(saved('2')?.problems[0]?.text).toContain('it was cut off')
  expect(saved('1')).toEqual(over)
  expect(saved('3')?.state).toBe('running')
  expect(saved('4')?.state).toBe('running')
  expect(endCutOff(stateDir)).toBeUndefined()
})

test('the oldest are forgotten', () => {
  for (const id of ['1', '2', '3']) saveSweep(stateDir, { ...running(), id })
  forgetOldSweeps(stateDir, 2)
  expect(listSweeps(stateDir).map(({ id }) => id)).toEqual(['3', '2'])
})

test('where there has never been a sweep, there is none', () => {
  expect(listSweeps(stateDir)).toEqual([])
  expect(endCutOff(stateDir)).toBeUndefined()
})
