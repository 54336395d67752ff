import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type JournalLine, readJournal } from '../run/journal.ts'
import { takeLease } from './lease.ts'

// A process that owns something is really killed; what it owned are folders, so no Docker is needed.

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ccci-warden-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const at = (name: string) => join(root, name)
const harness = join(import.meta.dirname, '..')

/**
 * Takes a lease (unless somebody else is to hold it), opens a scope with a warden, makes a folder, says so, and then does
 * what it is told.
 */
const owner = (then: string, { id = 'one', takes = true } = {}) => {
  const program = `
    import { mkdirSync } from 'node:fs'
    import { pathKind } from '${harness}/scope/kinds.ts'
    import { takeLease } from '${harness}/scope/lease.ts'
    import { placeOrder } from '${harness}/scope/order.ts'
    import { Scope } from '${harness}/scope/scope.ts'
    import { postWarden } from '${harness}/scope/warden.ts'
    const lease = ${takes} && await takeLease({ folder: '${at('leases')}', name: 'app-${id}', runId: '${id}', timeoutMs: 0 })
    const order = placeOrder('${at('scopes')}', {
      runId: '${id}', dockerHost: 'unix:///nowhere', teardownTimeoutMs: 5000,
      lease: { folder: '${at('leases')}', name: 'app-${id}' }, runDir: '${at(`run-${id}`)}',
    })
    const scope = new Scope({ folder: order.folder, teardownTimeoutMs: 5000 })
    const warden = postWarden(order, console.error)
    await scope.acquire(pathKind, { path: '${at(`made-${id}`)}' }, async () => mkdirSync('${at(`made-${id}`)}'))
    console.log('made')
    ${then}
  `
  mkdirSync(at(`run-${id}`), { recursive: true })
  const file = at(`owner-${id}.ts`)
  writeFileSync(file, program)
  return execa(process.execPath, [file], { reject: false, forceKillAfterDelay: false })
}

const made = async ({ stdout }: ReturnType<typeof owner>) => {
  await once(stdout, 'data')
}

const journal = (id = 'one'): JournalLine[] => readJournal(at(`run-${id}/journal.jsonl`))

const removed = (id = 'one') =>
  vi.waitFor(
    () => {
      if (existsSync(at(`made-${id}`)) || existsSync(at(`scopes/${id}`))) throw new Error('still there')
      if (!journal(id).some(({ event }) => event === 'teardown')) throw new Error('nothing was told')
    },
    { timeout: 15_000, interval: 20 },
  )

test.each(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  'when its owner is ended by %s, a warden undoes everything and tells the journal',
  async (signal) => {
    const child = owner('setInterval(() => {}, 1000)')
    await made(child)
    child.kill(signal)
    await removed()
    expect(journal().at(-1)).toMatchObject({ event: 'teardown', clean: true, left: [] })
  },
)

test('when its owner exits without a word, too', async () => {
  await owner('process.exit(0)')
  await removed()
})

test('when its owner has closed the scope there is nothing to do and nothing to tell', async () => {
  const child = await owner('await scope.close(); lease.release(); warden.dismiss()')
  expect(child.exitCode).toBe(0)
  expect(existsSync(at('made-one'))).toBe(false)
  expect(journal()).toEqual([])
})

test('an owner is not kept alive by its warden', async () => {
  const { exitCode } = await owner('await scope.close()')
  expect(exitCode).toBe(0)
})

test('a warden touches nothing while somebody else holds the lease, and does its work then', async () => {
  const lease = await takeLease({ folder: at('leases'), name: 'app-one', runId: 'other', timeoutMs: 0 })
  const watched = owner('setInterval(() => {}, 1000)', { takes: false })
  await made(watched)
  watched.kill('SIGKILL')
  await watched
  // Two wardens that have been woken later, one after the other, are done: so would this one be.
  for (const id of ['two', 'three']) {
    const free = owner('process.exit(0)', { id })
    await free
    await removed(id)
  }
  expect(existsSync(at('made-one'))).toBe(true)
  expect(journal()).toEqual([])
  lease.release()
  await removed()
})

test('what it cannot undo is named in the journal', async () => {
  mkdirSync(at('x'))
  const child = owner(`await scope.acquire(pathKind, { path: '/proc/self/status' }, async () => {}); process.exit(0)`)
  await child
  await vi.waitFor(() => expect(journal().at(-1)).toMatchObject({ event: 'teardown', clean: false }), {
    timeout: 15_000,
    interval: 20,
  })
  expect(journal().at(-1)).toMatchObject({ left: ['path {"path":"/proc/self/status"}'] })
  expect(existsSync(at('made'))).toBe(false)
})
