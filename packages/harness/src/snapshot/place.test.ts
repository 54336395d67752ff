import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SnapshotBusyError } from './errors.ts'
import {
  beginSnapshot,
  clearLeftovers,
  currentSnapshot,
  snapshotLease,
  swapIn,
  WarmNameError,
  warmFolder,
} from './place.ts'

let stateDir: string
let folder: string
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'cc-ci-place-'))
  folder = warmFolder(stateDir, 'some-app')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'last-good.json'), 'kept')
})
afterEach(() => rmSync(stateDir, { recursive: true, force: true }))

const replace = (content: string) => {
  clearLeftovers(folder)
  writeFileSync(join(beginSnapshot(folder), 'manifest.json'), content)
  swapIn(folder, () => {})
}

test('a snapshot takes the place of another; the old one goes with the next look', () => {
  expect(currentSnapshot(folder)).toBeUndefined()
  replace('one')
  const first = currentSnapshot(folder)
  replace('two')
  expect(readFileSync(join(folder, 'snapshot', 'manifest.json'), 'utf8')).toBe('two')
  expect(currentSnapshot(folder)).not.toBe(first)
  expect(readdirSync(folder)).toHaveLength(4)
  clearLeftovers(folder)
  expect(readdirSync(folder).sort()).toEqual(['last-good.json', 'snapshot', expect.stringMatching(/^snapshot\.\d/)])
})

test('whatever a crash left is cleared, and nothing else', () => {
  replace('one')
  mkdirSync(join(folder, 'snapshot.new', 'deep'), { recursive: true })
  mkdirSync(join(folder, 'snapshot.20200101T000000Z-abcd'))
  writeFileSync(join(folder, 'snapshot.link'), '')
  writeFileSync(join(folder, 'note'), '')
  clearLeftovers(folder)
  expect(readdirSync(folder)).toHaveLength(4)
  expect(readFileSync(join(folder, 'snapshot', 'manifest.json'), 'utf8')).toBe('one')
})

test.for(['../other', 'a/b', '', '.', '..', '.leases', 'a b'])('%j is no name of a recipe', (recipe) => {
  expect(() => warmFolder(stateDir, recipe)).toThrow(WarmNameError)
})

test('one at a time uses the snapshot of a recipe', () => {
  using lease = snapshotLease(stateDir, 'some-app')
  expect(() => snapshotLease(stateDir, 'some-app')).toThrow(SnapshotBusyError)
  snapshotLease(stateDir, 'another').release()
  lease.release()
  snapshotLease(stateDir, 'some-app').release()
})
