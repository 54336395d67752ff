import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { writeAtomically } from '../files/write.ts'
import { assembleRecord } from './assemble.ts'
import { previousDurations } from './previous.ts'
import type { RunRecord } from './record.ts'
import { asInterrupted, findRecord, isRunning, listRecords, newRunId, readRecord, runDir, saveRecord } from './store.ts'

let stateDir: string
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'ccci-store-'))
})
afterEach(() => rmSync(stateDir, { recursive: true }))

const record = (id: string, given: Partial<RunRecord> = {}): RunRecord => ({
  ...assembleRecord({
    id,
    recipe: 'custom-html',
    state: 'finished',
    startedAt: Date.UTC(2026, 0, 30),
    endedAt: Date.UTC(2026, 0, 30, 0, 0, 40),
    tests: [],
    fileErrors: [],
    unhandledErrors: [],
    journal: [],
  }),
  ...given,
})
const keep = (one: RunRecord) => saveRecord(runDir(stateDir, one.id), one)

describe('run ids', () => {
  test('sort by time, name the recipe and are unique', () => {
    const now = new Date('2026-01-30T10:15:02.123Z')
    expect(newRunId('/src/Custom_HTML.git', now)).toMatch(/^20260130-101502-custom-html-[0-9a-f]{6}$/)
    expect(newRunId('x', now)).not.toBe(newRunId('x', now))
  })
})

describe('recorded runs', () => {
  test('come back as they were kept', () => {
    keep(record('run-1'))
    expect(readRecord(runDir(stateDir, 'run-1'))).toEqual(record('run-1'))
  })
  test('are listed newest first; what is no record is left out', () => {
    keep(record('old', { startedAt: '2026-01-01T00:00:00.000Z' }))
    keep(record('new', { startedAt: '2026-02-01T00:00:00.000Z' }))
    mkdirSync(runDir(stateDir, 'empty'))
    writeAtomically(join(runDir(stateDir, 'broken'), 'run.json'), '{')
    writeFileSync(join(stateDir, 'runs', 'stray'), '')
    expect(listRecords(stateDir).map(({ id }) => id)).toEqual(['new', 'old'])
    expect(listRecords(join(stateDir, 'nowhere'))).toEqual([])
  })
  test('are found by id, by its unique beginning or end, or as the last', () => {
    keep(record('20260101-custom-html-aaaaaa', { startedAt: '2026-01-01T00:00:00.000Z' }))
    keep(record('20260102-custom-html-bbbbbb', { startedAt: '2026-01-02T00:00:00.000Z' }))
    expect(findRecord(stateDir, 'aaaaaa').id).toMatch(/aaaaaa$/)
    expect(findRecord(stateDir, '20260102').id).toMatch(/bbbbbb$/)
    expect(findRecord(stateDir, 'last').id).toMatch(/bbbbbb$/)
    expect(() => findRecord(stateDir, '2026')).toThrow(/names 2 runs/)
    expect(() => findRecord(stateDir, '20260101-custom-html-aaaaab')).toThrow(
      /nearest is "20260101-custom-html-aaaaaa"/,
    )
    expect(() => findRecord(stateDir, 'x')).toThrow(/no run "x"[\s\S]*cc-ci runs/)
  })
  test('that cannot be read say where they are', () => {
    expect(() => readRecord(runDir(stateDir, 'gone'))).toThrow(/cannot be read[\s\S]*gone\/run\.json/)
  })
  test('that say running are believed only while their process lives', () => {
    const { verdict, level, ...running } = record('r', { state: 'running', pid: process.pid })
    expect([verdict, level]).toEqual(['red', 0])
    expect(isRunning(running)).toBe(true)
    expect(isRunning({ ...running, pid: 2 ** 22 + 1 })).toBe(false)
    expect(isRunning(record('r'))).toBe(false)
  })
  test('that were cut off become interrupted, never green; ended ones stay', () => {
    const running = record('r', { state: 'running', startedAt: '2026-01-01T00:00:00.000Z' })
    expect(asInterrupted(running, 'killed', Date.parse('2026-01-01T00:00:05.000Z'))).toMatchObject({
      state: 'interrupted',
      verdict: 'interrupted',
      durationMs: 5000,
      problems: expect.arrayContaining(['killed']),
    })
    expect(asInterrupted(record('r'), 'killed')).toEqual(record('r'))
  })
})

describe('how long it took last time', () => {
  const step = (text: string, durationMs: number) => ({
    text,
    kind: 'step' as const,
    at: '2026-01-01T00:00:00.000Z',
    durationMs,
  })
  test('is the newest of each stage that passed, of each step, and of a green run alike', () => {
    const passed = (durationMs: number) => [
      { stage: 'install' as const, outcome: 'pass' as const, durationMs, tests: [] },
    ]
    keep(
      record('a', {
        startedAt: '2026-01-01T00:00:00.000Z',
        verdict: 'green',
        plan: 'full',
        durationMs: 40_000,
        stages: passed(1),
        steps: [step('waiting for 1.0.0', 5)],
      }),
    )
    keep(
      record('b', {
        startedAt: '2026-01-02T00:00:00.000Z',
        verdict: 'red',
        plan: 'full',
        durationMs: 9,
        stages: passed(2),
        steps: [],
      }),
    )
    keep(record('c', { startedAt: '2026-01-03T00:00:00.000Z', recipe: 'other', stages: passed(99) }))
    keep(record('d', { startedAt: '2026-01-04T00:00:00.000Z', state: 'interrupted', stages: passed(98) }))
    const previous = previousDurations(stateDir, 'custom-html')
    expect(previous.stage('install')).toBe(2)
    expect(previous.stage('upgrade')).toBeUndefined()
    expect(previous.step('waiting for 2.13.0')).toBe(5)
    expect(previous.total('full', undefined)).toBe(40_000)
    expect(previous.total('single', undefined)).toBeUndefined()
    expect(previous.total('full', ['install'])).toBeUndefined()
  })
})
