import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { keep, keptUntil } from './kept.ts'
import { Ledger, LedgerError } from './ledger.ts'
import { leaseNameOf, placeOrder, readOrder } from './order.ts'

let scopes: string
beforeEach(() => {
  scopes = join(mkdtempSync(join(tmpdir(), 'ccci-order-')), 'scopes')
})
afterEach(() => rmSync(join(scopes, '..'), { recursive: true, force: true }))

const order = {
  runId: 'a-run',
  dockerHost: 'unix:///nowhere',
  teardownTimeoutMs: 1000,
  lease: { folder: '/leases', name: 'cust-000000_ci_localhost' },
  runDir: '/runs/a-run',
}

test('another process reads what was placed', () => {
  const placed = placeOrder(scopes, order)
  expect(readOrder(placed.folder)).toEqual({ ...order, folder: join(scopes, 'a-run') })
  expect(leaseNameOf(placed.folder)).toBe('cust-000000_ci_localhost')
})

test('a second scope of the same run has a folder of its own', () => {
  placeOrder(scopes, order)
  expect(placeOrder(scopes, order).folder).toBe(join(scopes, 'a-run.2'))
})

test('without a readable order the ledger tells the name, and without that the folder', () => {
  const folder = join(scopes, 'old-run')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'scope.json'), '{ "cut of')
  expect(readOrder(folder)).toBeUndefined()
  expect(leaseNameOf(folder)).toBe('old-run')
  new Ledger(join(folder, 'ledger.jsonl')).add('stack', { dockerHost: 'unix:///nowhere', stack: 'cust-111111_x' })
  expect(leaseNameOf(folder)).toBe('cust-111111_x')
})

test('what is kept is so until its moment; a note that cannot be read keeps nothing', () => {
  const { folder } = placeOrder(scopes, order)
  expect(keptUntil(folder)).toBeUndefined()
  keep(folder, { until: 2_000 })
  expect(keptUntil(folder, 1_999)).toBe(2_000)
  expect(keptUntil(folder, 2_000)).toBeUndefined()
  writeFileSync(join(folder, 'kept.json'), '{ "unt')
  expect(keptUntil(folder, 0)).toBeUndefined()
})

// Only root can mount a disk that is full at once.
test.runIf(process.getuid?.() === 0)('a full disk is said to be one', async () => {
  mkdirSync(scopes, { recursive: true })
  await execa('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', scopes])
  try {
    writeFileSync(join(scopes, 'full'), Buffer.alloc(4096))
    expect(() => placeOrder(scopes, order)).toThrow(LedgerError)
    expect(() => placeOrder(scopes, order)).toThrow(/cannot be written down[\s\S]*Free space/)
    expect(readdirSync(scopes)).toEqual(['full'])
  } finally {
    await execa('umount', [scopes])
  }
})
