import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Ledger, LedgerError } from './ledger.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cc-ci-ledger-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const file = () => join(folder, 'scope', 'ledger.jsonl')

test('an entry is in the file when add returns', () => {
  new Ledger(file()).add('stack', { stack: 'a' })
  expect(readFileSync(file(), 'utf8')).toContain('"stack":"a"')
})

test('another process finds what is still owned, oldest first, without what was struck out', () => {
  const ledger = new Ledger(file())
  ledger.add('path', { path: '/one' })
  const second = ledger.add('path', { path: '/two' })
  ledger.add('path', { path: '/three' })
  ledger.strike(second.number)
  expect(new Ledger(file()).entries.map((entry) => entry.data)).toEqual([{ path: '/one' }, { path: '/three' }])
})

test('numbers go on where an earlier process stopped', () => {
  const first = new Ledger(file()).add('path', { path: '/one' })
  const second = new Ledger(file()).add('path', { path: '/two' })
  expect(second.number).toBe(first.number + 1)
})

test('a line that a crash cut short counts as never written', () => {
  new Ledger(file()).add('path', { path: '/one' })
  appendFileSync(file(), '{"acquire":{"number":2,"kind":"pa')
  expect(new Ledger(file()).entries).toHaveLength(1)
})

test('a place that takes nothing is an error that names the file and the way out, and nothing counts as owned', () => {
  writeFileSync(join(folder, 'scope'), 'a file where the folder should be')
  const ledger = new Ledger(file())
  expect(() => ledger.add('path', { path: '/one' })).toThrow(LedgerError)
  expect(() => ledger.add('path', { path: '/one' })).toThrow(/ledger\.jsonl cannot be written[\s\S]*CCCI_STATE_DIR/)
  expect(ledger.entries).toEqual([])
})
