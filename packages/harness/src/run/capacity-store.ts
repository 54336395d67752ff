import { chmodSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { CcciError, messageOf } from '../errors.ts'
import { makeSharedFolder } from '../scope/shared-folder.ts'

/** How long one look may block this process; others hold the queue for milliseconds. */
const BUSY_MS = 1_000

/** Somebody keeps the queue's files locked: a process that was stopped in the middle of a look, or a very slow disk. */
export class CapacityBusyError extends CcciError {
  constructor(folder: string, cause?: unknown) {
    super({
      happened: `The capacity queue in ${folder} is locked by another process.`,
      todo: `Try again. If it stays so, find out who has its files open (fuser ${folder}/*) and end that process.`,
      cause,
    })
  }
}

/** The queue cannot be used: no right to its files, no room on the disk, or somebody removed it meanwhile. */
export class CapacityQueueError extends CcciError {
  constructor(folder: string, cause: unknown) {
    super({
      happened: `The capacity queue in ${folder} cannot be used.`,
      lastSeen: messageOf(cause),
      todo: 'May this user write there, and is there room on the disk? When no run is up, the folder can be removed.',
      cause,
    })
  }
}

const databaseIn = (folder: string): string => join(folder, 'queue.db')

/** Whether anybody has ever entered the queue of this folder. */
export const queueExists = (folder: string): boolean => existsSync(databaseIn(folder))

/** Makes the folder of a queue; for every user of this machine, like the leases in it. @throws {CapacityQueueError} */
export function makeFolder(folder: string): void {
  try {
    makeSharedFolder(folder)
  } catch (error) {
    throw new CapacityQueueError(folder, error)
  }
}

/** One transaction that nobody else writes in meanwhile. @throws {CapacityBusyError | CapacityQueueError} */
export function inQueue<T>(folder: string, work: (queue: DatabaseSync) => T): T {
  let queue: DatabaseSync | undefined
  try {
    queue = open(databaseIn(folder))
    queue.exec('BEGIN IMMEDIATE')
    // AUTOINCREMENT: a ticket is never given out twice, or a newcomer could be older than those who wait.
    queue.exec(`CREATE TABLE IF NOT EXISTS member (
      ticket INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, what TEXT NOT NULL, weight INTEGER NOT NULL,
      pid INTEGER NOT NULL, since TEXT NOT NULL, state TEXT NOT NULL) STRICT`)
    const result = work(queue)
    queue.exec('COMMIT')
    return result
  } catch (error) {
    if (error instanceof CcciError) throw error
    throw isBusy(error) ? new CapacityBusyError(folder, error) : new CapacityQueueError(folder, error)
  } finally {
    // Undoes what was not committed.
    queue?.close()
  }
}

function open(file: string): DatabaseSync {
  const isNew = !existsSync(file)
  const queue = new DatabaseSync(file, { timeout: BUSY_MS })
  if (isNew) chmodSync(file, 0o666)
  return queue
}

const isBusy = (error: unknown): boolean => (error as { errcode?: number }).errcode === 5
