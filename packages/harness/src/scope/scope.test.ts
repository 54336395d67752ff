import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { pathKind } from './kinds.ts'
import { Scope, ScopeClosedError, ScopeCloseError } from './scope.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cc-ci-scope-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const open = (onStep?: (text: string) => void) =>
  new Scope({ folder: join(root, 'scope'), teardownTimeoutMs: 1_000, onStep })

async function folderIn(scope: Scope, name: string): Promise<string> {
  const path = join(root, name)
  await scope.acquire(pathKind, { path }, async () => mkdirSync(path))
  return path
}

test('what was acquired is gone after close, and so is the ledger', async () => {
  const scope = open()
  const path = await folderIn(scope, 'checkout')
  expect(existsSync(path)).toBe(true)
  await scope.close()
  expect(existsSync(path)).toBe(false)
  expect(existsSync(scope.folder)).toBe(false)
})

test('what was only half made is undone too', async () => {
  const scope = open()
  const path = join(root, 'half')
  const making = scope.acquire(pathKind, { path }, async () => {
    mkdirSync(path)
    throw new Error('disk on fire')
  })
  await expect(making).rejects.toThrow('disk on fire')
  await scope.close()
  expect(existsSync(path)).toBe(false)
})

test('things are undone newest first', async () => {
  const scope = open()
  const outer = await folderIn(scope, 'outer')
  // Removing the outer one first would take the inner file with it, and nobody could tell.
  const inner = join(outer, 'inner')
  const seen: boolean[] = []
  await scope.acquire(pathKind, { path: inner }, async () => writeFileSync(inner, ''))
  await scope.release(pathKind, { path: inner })
  seen.push(existsSync(inner), existsSync(outer))
  await scope.close()
  expect([...seen, existsSync(outer)]).toEqual([false, true, false])
})

test('a step that fails does not keep the others from running, and is named', async () => {
  const scope = open()
  const before = await folderIn(scope, 'before')
  // The kernel refuses to remove what lies below /proc.
  await scope.acquire(pathKind, { path: '/proc/self/status' }, async () => {})
  const after = await folderIn(scope, 'after')
  const error = await scope.close().catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(ScopeCloseError)
  expect((error as ScopeCloseError).left).toEqual(['path {"path":"/proc/self/status"}'])
  expect([existsSync(before), existsSync(after)]).toEqual([false, false])
})

test('a failed close leaves the ledger with exactly what is left, for the next to try', async () => {
  const scope = open()
  await folderIn(scope, 'before')
  await scope.acquire(pathKind, { path: '/proc/self/status' }, async () => {})
  await scope.close().catch(() => {})
  expect(scope.owned).toEqual(['path {"path":"/proc/self/status"}'])
})

test('close is idempotent: the second call awaits the first', async () => {
  const scope = open()
  await folderIn(scope, 'checkout')
  expect(scope.close()).toBe(scope.close())
  await scope.close()
})

test('nothing can be acquired from a scope that is closing, and its signal is aborted', async () => {
  const scope = open()
  const closing = scope.close()
  await expect(folderIn(scope, 'late')).rejects.toThrow(ScopeClosedError)
  expect(scope.signal.aborted).toBe(true)
  await closing
})

test('data that does not fit its kind is refused before anything is made', async () => {
  const scope = open()
  let made = false
  const acquiring = scope.acquire(pathKind, { path: '' }, async () => {
    made = true
  })
  await expect(acquiring).rejects.toThrow()
  expect(made).toBe(false)
  await scope.close()
})

test('a close aborts the work that is going on and waits for its end before anything is undone', async () => {
  const scope = open()
  const path = join(root, 'slow')
  const order: string[] = []
  const working = scope.acquire(pathKind, { path }, async (signal) => {
    await once(signal, 'abort')
    // What a program still does between the signal and its end.
    mkdirSync(path)
    order.push('made')
    signal.throwIfAborted()
  })
  const closing = scope.close().then(() => order.push('closed'))
  await expect(working).rejects.toThrow(ScopeClosedError)
  await closing
  expect(order).toEqual(['made', 'closed'])
  expect(existsSync(path)).toBe(false)
})

test('what interrupted work makes even after its end is seen by a second look', async () => {
  const scope = open()
  const path = join(root, 'late')
  const working = scope.acquire(pathKind, { path }, async (signal) => {
    await once(signal, 'abort')
    setTimeout(() => mkdirSync(path), 300)
    signal.throwIfAborted()
  })
  await Promise.all([expect(working).rejects.toThrow(ScopeClosedError), scope.close()])
  expect(existsSync(path)).toBe(false)
  expect(existsSync(scope.folder)).toBe(false)
})

test('work that does not end does not keep a close from its end', { timeout: 15_000 }, async () => {
  const scope = open()
  const path = await folderIn(scope, 'checkout')
  void scope.during(() => new Promise(() => {}))
  await scope.close()
  expect(existsSync(path)).toBe(false)
})
