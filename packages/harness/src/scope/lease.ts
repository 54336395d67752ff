import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { CcciError, messageOf } from '../errors.ts'
import { makeSharedFolder } from './shared-folder.ts'

/** Who holds a lease. */
export interface LeaseHolder {
  runId: string
  pid: number
  since: string
}

/** The files of the leases cannot be used. */
export class LeaseFileError extends CcciError {}

/** Somebody else holds the lease and did not give it back in time. */
export class LeaseHeldError extends CcciError {}

export interface Lease extends Disposable {
  readonly name: string
  /** Gives it back. Idempotent. The operating system does the same when the process dies. */
  release(): void
}

/**
 * Tries to take the lease at once; `undefined` while somebody holds it. The folder is made when it is not there, for
 * every user of this machine.
 */
export function tryLease(folder: string, name: string, holder: LeaseHolder): Lease | undefined {
  makeSharedFolder(folder)
  const file = join(folder, `${name}.lock`)
  const note = join(folder, `${name}.json`)
  const database = guarded(folder, () => lock(file))
  if (!database) return undefined
  let held = true
  const release = () => {
    if (!held) return
    held = false
    inUse.delete(lease)
    // Nobody opens the file meanwhile, so nobody waits for a lock on a file that has just lost its name.
    try {
      guarded(folder, () => {
        rmSync(note, { force: true })
        rmSync(file, { force: true })
      })
    } finally {
      database.close()
    }
  }
  const lease = { name, release, [Symbol.dispose]: release }
  // A lease that nobody refers to any more would be given back at the next garbage collection.
  inUse.set(lease, file)
  try {
    writeFileSync(note, JSON.stringify(holder))
    chmodSync(note, FOR_ALL)
  } catch {
    // The note is for people; another user's may be in its place.
  }
  return lease
}

/** The leases of this process, each with its file. */
const inUse = new Map<Lease, string>()

/** Whether this very process holds the lease. */
export const holdsLease = (folder: string, name: string): boolean =>
  [...inUse.values()].includes(join(folder, `${name}.lock`))

/** Everybody who uses an engine takes part in its leases. */
const FOR_ALL = 0o666

/**
 * SQLite's exclusive lock is a POSIX record lock: the kernel drops it with the process, however that ends. On a file that it
 * may only read, SQLite takes a lock that excludes nobody.
 *
 * @throws {LeaseFileError}
 */
function lock(file: string, waitMs = 0): DatabaseSync | undefined {
  ensureFile(file)
  const database = new DatabaseSync(file, { timeout: waitMs })
  try {
    database.exec('BEGIN EXCLUSIVE')
    return database
  } catch {
    database.close()
    return undefined
  }
}

/** Never opens a file that is there: closing it again would drop every lock that this process has on it. */
function ensureFile(file: string): void {
  try {
    if (!existsSync(file)) {
      closeSync(openSync(file, 'wx'))
      chmodSync(file, FOR_ALL)
    }
    accessSync(file, constants.R_OK | constants.W_OK)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return
    throw new LeaseFileError({
      happened: `The lease file ${file} cannot be written by this user.`,
      lastSeen: messageOf(error),
      todo: 'Let its owner make it writable for all who use this engine, or set CCCI_LEASE_DIR to a folder that is.',
      cause: error,
    })
  }
}

/** How long somebody may be busy opening or removing a lock file: microseconds, in truth. */
const GUARD_MS = 10_000

/** Lock files are opened and removed by one process at a time. */
function guarded<Value>(folder: string, work: () => Value): Value {
  const guard = lock(join(folder, 'guard.lock'), GUARD_MS)
  if (!guard) {
    throw new LeaseFileError({
      happened: `The leases in ${folder} were locked for ${GUARD_MS / 1000} s.`,
      todo: 'Which process hangs there? (fuser guard.lock)',
    })
  }
  try {
    return work()
  } finally {
    guard.close()
  }
}

/** Whether somebody holds the lease now. */
export function isLeaseHeld(folder: string, name: string): boolean {
  if (!existsSync(join(folder, `${name}.lock`))) return false
  return guarded(folder, () => {
    const database = lock(join(folder, `${name}.lock`))
    database?.close()
    return database === undefined
  })
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
