import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isLeaseHeld, LeaseHeldError, takeLease } from './lease.ts'
import { holderProcess } from './test-holder.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cc-ci-lease-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const request = (timeoutMs = 0) => ({ folder, name: 'cust-000000', runId: 'this-run', timeoutMs })

const holder = () => holderProcess(folder, 'cust-000000', 'other-run')

test('a lease that nobody holds is taken at once, and can be taken again after its release', async () => {
  const first = await takeLease(request())
  first.release()
  const second = await takeLease(request())
  second.release()
})

test('a lease held by another process is refused at the deadline, naming the holder', async () => {
  const other = await holder()
  try {
    const error = await takeLease(request()).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(LeaseHeldError)
    expect((error as LeaseHeldError).message).toMatch(/cust-000000 is in use by run other-run \(process \d+/)
  } finally {
    await other.kill()
  }
})

test('the operating system gives the lease back when its holder is killed', async () => {
  const other = await holder()
  let told = ''
  const waiting = takeLease({ ...request(20_000), onWait: (text) => (told = text) })
  await other.kill()
  const lease = await waiting
  lease.release()
  expect(told === '' || told.includes('other-run')).toBe(true)
})

test('waiting ends with an abort', async () => {
  const other = await holder()
  try {
    const controller = new AbortController()
    const waiting = takeLease({
      ...request(60_000),
      signal: controller.signal,
      onWait: () => controller.abort(new Error('enough')),
    })
    await expect(waiting).rejects.toThrow()
  } finally {
    await other.kill()
  }
})

test('a lease leaves no file behind when it is given back', async () => {
  const lease = await takeLease(request())
  expect(readdirSync(folder)).toEqual(expect.arrayContaining(['cust-000000.json', 'cust-000000.lock']))
  lease.release()
  expect(readdirSync(folder)).toEqual(['guard.lock'])
})

test('a lease that a killed process has left is free, and whether one is held can be asked', async () => {
  const other = await holder()
  expect(isLeaseHeld(folder, 'cust-000000')).toBe(true)
  await other.kill()
  expect(isLeaseHeld(folder, 'cust-000000')).toBe(false)
  expect(isLeaseHeld(folder, 'nobody-000000')).toBe(false)
})

test('two holders in one process exclude each other, too', async () => {
  using _ = await takeLease(request())
  await expect(takeLease(request())).rejects.toThrow(LeaseHeldError)
  expect(isLeaseHeld(folder, 'cust-000000')).toBe(true)
})

// Only root can become somebody else.
test.runIf(process.getuid?.() === 0)('users exclude each other, whoever made the files', async () => {
  chmodSync(folder, 0o777)
  using _ = await takeLease(request())
  const script = `
    const { tryLease } = await import(${JSON.stringify(join(import.meta.dirname, 'lease.ts'))})
    process.setgid(65534)
    process.setuid(65534)
    const holder = { runId: 'nobody', pid: process.pid, since: '' }
    const lease = (name) => tryLease(${JSON.stringify(folder)}, name, holder) !== undefined
    console.log(lease('cust-000000'), lease('cust-000001'))`
  const { stdout } = await execa(process.execPath, ['--input-type=module', '--eval', script])
  expect(stdout).toBe('false true')
})
