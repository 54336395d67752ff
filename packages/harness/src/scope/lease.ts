import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { CcciError } from '../errors.ts'

/** Who holds a lease. */
export interface LeaseHolder {
  runId: string
  pid: number
  since: string
}

/** Somebody else holds the lease and did not give it back in time. */
export class LeaseHeldError extends CcciError {}

export interface Lease extends Disposable {
  readonly name: string
  /** Gives it back. Idempotent. The operating system does the same when the process dies. */
  release(): void
}

/** Tries to take the lease; `undefined` while another process holds it. */
function tryLease(folder: string, name: string, holder: LeaseHolder): Lease | undefined {
  mkdirSync(folder, { recursive: true })
  const database = new DatabaseSync(join(folder, `${name}.lock`), { timeout: 0 })
  try {
    // SQLite's exclusive lock is a POSIX record lock: the kernel drops it with the process, however that ends.
    database.exec('BEGIN EXCLUSIVE')
  } catch {
    database.close()
    return undefined
  }
  const note = join(folder, `${name}.json`)
  writeFileSync(note, JSON.stringify(holder))
  let held = true
  const release = () => {
    if (!held) return
    held = false
    rmSync(note, { force: true })
    database.close()
  }
  return { name, release, [Symbol.dispose]: release }
}

/** Who says to hold the lease; only a hint, the lock itself is the truth. */
export function leaseHolder(folder: string, name: string): LeaseHolder | undefined {
  const note = join(folder, `${name}.json`)
  try {
    return existsSync(note) ? (JSON.parse(readFileSync(note, 'utf8')) as LeaseHolder) : undefined
  } catch {
    return undefined
  }
}

export interface LeaseRequest {
  /** Folder of the lock files, the same for all who compete. */
  folder: string
  name: string
  runId: string
  /** Milliseconds to wait for whoever holds it. */
  timeoutMs: number
  signal?: AbortSignal | undefined
  /** Told once when there is something to wait for. */
  onWait?: (text: string) => void
}

/**
 * Takes the exclusive right to a name (an app's stack), waiting for its turn. Held until released or until this process
 * is gone.
 *
 * @throws {LeaseHeldError} naming the holder, at the deadline.
 */
export async function takeLease(request: LeaseRequest): Promise<Lease> {
  const holder = { runId: request.runId, pid: process.pid, since: new Date().toISOString() }
  const deadline = performance.now() + request.timeoutMs
  let told = false
  for (;;) {
    request.signal?.throwIfAborted()
    const lease = tryLease(request.folder, request.name, holder)
    if (lease) return lease
    const other = leaseHolder(request.folder, request.name)
    const who = other ? `run ${other.runId} (process ${other.pid}, since ${other.since})` : 'another run'
    if (!told) request.onWait?.(`waiting for ${who}, which uses ${request.name}`)
    told = true
    if (performance.now() > deadline) {
      throw new LeaseHeldError({
        happened: `${request.name} is in use by ${who}.`,
        todo: 'Wait for that run to end, or end it; runs of the same recipe, PR and ref take turns.',
      })
    }
    // Locks held by other processes make no event: ask again.
    await pause(200, undefined, { signal: request.signal })
  }
}
