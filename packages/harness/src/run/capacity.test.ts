import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { CapacityError, type CapacityRequest, overdrawCapacity, takeCapacity } from './capacity.ts'
import { capacityInUse } from './capacity-queue.ts'
import { CapacityBusyError, CapacityQueueError } from './capacity-store.ts'

// Real processes compete, and some of them are killed.

let root: string
let folder: string
const children = new Set<ChildProcess>()
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cc-ci-capacity-'))
  folder = join(root, 'queue')
})
afterEach(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  children.clear()
  const left = capacityInUse(folder)
  const files = readdirSync(folder).sort()
  rmSync(root, { recursive: true, force: true })
  expect(left).toEqual([])
  // The queue, and the guard by which leases are taken one at a time.
  expect(files).toEqual(['guard.lock', 'queue.db'])
})

const request = (changes: Partial<CapacityRequest> = {}): CapacityRequest => ({
  folder,
  runId: 'this-run',
  what: 'custom-html',
  weight: 1,
  capacity: 1,
  timeoutMs: 30_000,
  ...changes,
})

const reasonOf = (work: Promise<unknown>) =>
  work.then(
    () => expect.unreachable('a share was given'),
    (error: unknown) => error,
  )

const log = () => join(root, 'log')

/** What the members wrote down while they had a share, in the order in which it happened. */
const lines = (): string[] => (existsSync(log()) ? readFileSync(log(), 'utf8').split('\n').slice(0, -1) : [])

const order = (): string[] => lines().flatMap((line) => (line.startsWith('begin ') ? [line.split(' ')[1] ?? ''] : []))

/** The greatest weight that was in use at any instant. */
function mostInUse(): number {
  let [now, most] = [0, 0]
  for (const line of lines()) {
    const [what, , weight] = line.split(' ')
    now += what === 'begin' ? Number(weight) : -Number(weight)
    most = Math.max(most, now)
  }
  return most
}

interface MemberOptions {
  weight?: number
  capacity?: number
  /** Give the share back as soon as it was written down. */
  brief?: boolean
  /** Keep no reference to the share. */
  careless?: boolean
}

/** A process that takes a share when told to enter, says so, and keeps it until it is told to leave. */
async function member(id: string, options: MemberOptions = {}) {
  const { weight = 1, capacity = 1, brief = false, careless = false } = options
  const script = `
    import { appendFileSync } from 'node:fs'
    import { once } from 'node:events'
    import { setImmediate as turn } from 'node:timers/promises'
    import { takeCapacity } from ${JSON.stringify(join(import.meta.dirname, 'capacity.ts'))}
    const write = (what) => appendFileSync(${JSON.stringify(log())}, what + ' ${id} ${weight}\\n')
    const told = async (what) => { while ((await once(process, 'message'))[0] !== what); }
    process.send('ready')
    await told('enter')
    const request = {
      folder: ${JSON.stringify(folder)}, runId: 'run-${id}', what: '${id}',
      weight: ${weight}, capacity: ${capacity}, timeoutMs: 60_000,
      onWait: (text) => process.send(text),
    }
    if (${careless}) {
      await (async () => { await takeCapacity(request) })()
      await turn()
      globalThis.gc()
      await turn()
      process.send('running')
      await told('leave')
      process.exit()
    }
    {
      using share = await takeCapacity(request)
      write('begin')
      process.send('running')
      if (!${brief}) await told('leave')
      write('end')
    }
    process.disconnect()`
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '--eval', script], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  children.add(child)
  const said: string[] = []
  child.on('message', (text) => said.push(String(text)))
  const says = (pattern: RegExp | string) =>
    vi.waitFor(() => expect(said.at(-1) ?? '').toMatch(pattern), { timeout: 15_000, interval: 5 })
  await once(child, 'message')
  return {
    pid: child.pid,
    said,
    says,
    enter: () => child.send('enter'),
    async runs() {
      child.send('enter')
      await says('running')
    },
    async waits(pattern: RegExp | string = /^waiting for capacity/) {
      child.send('enter')
      await says(pattern)
    },
    async leave() {
      if (child.connected) child.send('leave')
      if (child.exitCode === null) await once(child, 'exit')
      expect(child.exitCode).toBe(0)
    },
    async ended() {
      if (child.exitCode === null) await once(child, 'exit')
      expect(child.exitCode).toBe(0)
    },
    async kill() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

test('members that enter at the same instant all get their share, and never use more than the capacity', async () => {
  const weights = [1, 2, 1, 3, 1, 2, 1, 1]
  const all = await Promise.all(weights.map((weight, i) => member(`m${i}`, { weight, capacity: 3, brief: true })))
  for (const one of all) one.enter()
  await Promise.all(all.map((one) => one.ended()))
  expect(order().sort()).toEqual(['m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7'])
  expect(lines()).toHaveLength(16)
  expect(mostInUse()).toBeLessThanOrEqual(3)
})

test('those who wait are let in in the order in which they came', async () => {
  const ids = ['b', 'c', 'd', 'e', 'f']
  const [holder, ...others] = await Promise.all(['a', ...ids].map((id) => member(id, { brief: id !== 'a' })))
  await holder?.runs()
  for (const other of others) await other.waits()
  await holder?.leave()
  await Promise.all(others.map((other) => other.ended()))
  expect(order()).toEqual(['a', ...ids])
  expect(mostInUse()).toBe(1)
})

test('a heavy one is not overtaken by light ones that would still fit', async () => {
  const [a, b, heavy, light] = await Promise.all([
    member('a', { capacity: 4 }),
    member('b', { capacity: 4 }),
    member('heavy', { capacity: 4, weight: 3 }),
    member('light', { capacity: 4 }),
  ])
  await a.runs()
  await b.runs()
  await heavy.waits(
    `waiting for capacity (weight 3): 2 of 4 in use by a (run run-a, process ${a.pid}), b (run run-b, process ${b.pid})`,
  )
  await light.waits('waiting for capacity (1 run is before this one): 2 of 4 in use by a')
  await a.leave()
  await heavy.says('running')
  await light.says('waiting for capacity: 4 of 4 in use by b')
  await b.leave()
  await light.says('running')
  await heavy.leave()
  await light.leave()
  expect(order()).toEqual(['a', 'b', 'heavy', 'light'])
})

test('the share of a holder that is killed is free within a second', async () => {
  const [holder, next] = await Promise.all([member('holder'), member('next', { brief: true })])
  await holder.runs()
  await next.waits()
  await holder.kill()
  const killed = performance.now()
  await next.says('running')
  expect(performance.now() - killed).toBeLessThan(1_000)
  await next.ended()
})

test('one that is killed while it waits does not stand before those behind it', async () => {
  const [holder, killed, next] = await Promise.all([member('holder'), member('killed'), member('next')])
  await holder.runs()
  await killed.waits()
  await next.waits(/1 run is before this one/)
  await killed.kill()
  await next.says(/^waiting for capacity: 1 of 1 in use by holder/)
  await holder.leave()
  await next.says('running')
  await next.leave()
  expect(order()).toEqual(['holder', 'next'])
})

test('a share that nobody refers to is kept all the same', async () => {
  const careless = await member('careless', { careless: true })
  await careless.runs()
  expect(capacityInUse(folder)).toMatchObject([{ what: 'careless', state: 'running' }])
  await careless.leave()
})

test('who uses capacity and who waits can be seen, and the dead cannot', async () => {
  const [holder, waiting, dead] = await Promise.all([
    member('holder', { weight: 2 }),
    member('waiting'),
    member('dead'),
  ])
  expect(capacityInUse(folder)).toEqual([])
  await holder.runs()
  await waiting.waits()
  await dead.waits()
  await dead.kill()
  const since = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/)
  expect(capacityInUse(folder)).toEqual([
    { runId: 'run-holder', what: 'holder', weight: 1, pid: holder.pid, since, state: 'running' },
    { runId: 'run-waiting', what: 'waiting', weight: 1, pid: waiting.pid, since, state: 'waiting' },
  ])
  await waiting.kill()
  await holder.leave()
})

test('several members in one process exclude each other', async () => {
  const first = await takeCapacity(request({ capacity: 2 }))
  const second = await takeCapacity(request({ capacity: 2 }))
  const told = Promise.withResolvers<string>()
  const third = takeCapacity(request({ capacity: 2, onWait: told.resolve }))
  expect(await told.promise).toMatch(
    /^waiting for capacity: 2 of 2 in use by custom-html \(run this-run, process \d+\),/,
  )
  first.release()
  using _ = await third
  expect(capacityInUse(folder)).toHaveLength(2)
  second.release()
})

test('a share that is released twice takes nothing from the next', async () => {
  const first = await takeCapacity(request())
  first.release()
  const second = await takeCapacity(request({ runId: 'second' }))
  first.release()
  expect(capacityInUse(folder)).toMatchObject([{ runId: 'second' }])
  second.release()
  second[Symbol.dispose]()
})

test('more than the capacity is the whole capacity, and the share says so', async () => {
  const light = await takeCapacity(request({ capacity: 2 }))
  const told = Promise.withResolvers<string>()
  const heavy = takeCapacity(request({ capacity: 2, weight: 5, onWait: told.resolve }))
  expect(await told.promise).toMatch(/^waiting for capacity \(weight 2\): 1 of 2 in use/)
  light.release()
  using share = await heavy
  expect(share.weight).toBe(2)
})

test('each judges by its own capacity', async () => {
  using _ = await takeCapacity(request({ capacity: 4, weight: 2 }))
  expect(await reasonOf(takeCapacity(request({ capacity: 2, timeoutMs: 0 })))).toBeInstanceOf(CapacityError)
  using __ = await takeCapacity(request({ capacity: 3, timeoutMs: 0 }))
})

test('an abort ends the wait with its own reason, and leaves the queue at once', async () => {
  using _ = await takeCapacity(request({ runId: 'holder' }))
  const controller = new AbortController()
  const reason = new Error('enough')
  const told = Promise.withResolvers<string>()
  const waiting = takeCapacity(request({ signal: controller.signal, onWait: told.resolve }))
  await told.promise
  expect(capacityInUse(folder)).toHaveLength(2)
  controller.abort(reason)
  expect(await reasonOf(waiting)).toBe(reason)
  expect(capacityInUse(folder)).toMatchObject([{ runId: 'holder' }])
  expect(await reasonOf(takeCapacity(request({ signal: controller.signal, capacity: 9 })))).toBe(reason)
})

test('at the deadline it says who uses the capacity, who is before it, and what to do', async () => {
  using _ = await takeCapacity(request({ runId: 'holder', what: 'lasuite-docs', capacity: 4, weight: 4 }))
  const controller = new AbortController()
  const told = Promise.withResolvers<string>()
  const before = takeCapacity(request({ runId: 'before', signal: controller.signal, onWait: told.resolve }))
  await told.promise
  const error = (await reasonOf(takeCapacity(request({ capacity: 4, weight: 2, timeoutMs: 1_000 })))) as CapacityError
  controller.abort()
  await before.catch(() => {})
  expect(error).toBeInstanceOf(CapacityError)
  const masked = error.message.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>').replaceAll(`${process.pid}`, '<pid>')
  expect(masked).toMatchInlineSnapshot(`
    "There was no capacity for custom-html (weight 2) within 1 s: 4 of 4 is in use, and 1 run is before it.
      last seen: lasuite-docs (weight 4) running since <time>: run holder, process <pid>
        custom-html (weight 1) waiting since <time>: run before, process <pid>
      to do: Wait until these runs have ended, or end them. Raise CCCI_CAPACITY if the host can bear more at once, or CCCI_QUEUE_TIMEOUT to wait longer."
  `)
})

test('a queue that is locked is waited for until the deadline', async () => {
  const first = await takeCapacity(request())
  const other = new DatabaseSync(join(folder, 'queue.db'))
  other.exec('BEGIN EXCLUSIVE')
  expect(await reasonOf(takeCapacity(request({ timeoutMs: 0 })))).toBeInstanceOf(CapacityBusyError)
  expect(() => capacityInUse(folder)).toThrow(CapacityBusyError)
  // Cannot be told to the queue, and frees the share all the same.
  first.release()
  const waiting = takeCapacity(request())
  other.close()
  using _ = await waiting
  expect(capacityInUse(folder)).toHaveLength(1)
})

test('a queue that cannot be used, or is removed while a run waits in it, is told as such', async () => {
  writeFileSync(join(root, 'file'), '')
  const impossible = request({ folder: join(root, 'file', 'queue') })
  expect(await reasonOf(takeCapacity(impossible))).toBeInstanceOf(CapacityQueueError)
  using _ = await takeCapacity(request())
  const told = Promise.withResolvers<string>()
  const waiting = takeCapacity(request({ onWait: told.resolve }))
  await told.promise
  rmSync(join(folder, 'queue.db'))
  const error = await reasonOf(waiting)
  expect(error).toBeInstanceOf(CapacityQueueError)
  expect(String(error)).toMatch(/cannot be used\.\n {2}last seen: somebody removed it while this run was waiting in it/)
})

test('what a run needs beside its app it has at once, and who waits already goes on waiting until it is back', async () => {
  const own = await takeCapacity(request())
  const told: string[] = []
  const other = takeCapacity(request({ runId: 'other-run', onWait: (text) => told.push(text) }))
  await vi.waitFor(() => expect(told).toHaveLength(1))
  const beside = overdrawCapacity({ folder, runId: 'this-run', what: 'keycloak', weight: 2 })
  await vi.waitFor(() => expect(told.at(-1)).toContain('3 of 1 in use'))
  own.release()
  await vi.waitFor(() => expect(told.at(-1)).toContain('2 of 1 in use by keycloak (run this-run'))
  beside.release()
  ;(await other).release()
})
