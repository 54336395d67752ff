import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { CcciError, messageOf } from '../errors.ts'

/** Something that a scope owns: what kind of thing, and all that is needed to remove it. */
export interface LedgerEntry {
  number: number
  kind: string
  data: unknown
}

/** The ledger cannot be written; nothing may be acquired that could not be found again. */
export class LedgerError extends CcciError {}

/**
 * The list of what a scope owns, on disk, one JSON object a line. An entry reaches the disk before the thing is made and
 * is struck out after it is gone, so whoever reads the file after a crash knows what may still be there.
 */
export class Ledger {
  readonly file: string
  #entries: LedgerEntry[]
  #next: number

  constructor(file: string) {
    this.file = file
    const { entries, next } = readLedger(file)
    this.#entries = entries
    this.#next = next
  }

  /** What is still owned, oldest first. */
  get entries(): readonly LedgerEntry[] {
    return this.#entries
  }

  /** Writes an entry down; on return it is on the disk. @throws {LedgerError} */
  add(kind: string, data: unknown): LedgerEntry {
    const entry = { number: this.#next, kind, data }
    this.#append({ acquire: entry })
    this.#next += 1
    this.#entries.push(entry)
    return entry
  }

  /** Strikes an entry out: the thing is gone. @throws {LedgerError} */
  strike(number: number): void {
    this.#append({ release: number })
    this.forget(number)
  }

  /** Counts a thing as gone without writing it down. */
  forget(number: number): void {
    this.#entries = this.#entries.filter((entry) => entry.number !== number)
  }

  #append(line: object): void {
    try {
      mkdirSync(dirname(this.file), { recursive: true })
      const handle = openSync(this.file, 'a')
      try {
        writeSync(handle, `${JSON.stringify(line)}\n`)
        fsyncSync(handle)
      } finally {
        closeSync(handle)
      }
    } catch (error) {
      throw new LedgerError({
        happened: `The ledger ${this.file} cannot be written, so nothing more is started.`,
        lastSeen: messageOf(error),
        todo: 'Free space on that disk, or point CCCI_STATE_DIR to another.',
        cause: error,
      })
    }
  }
}

/** Reads a ledger as far as it is whole: a line cut short by a crash was never acted upon. */
function readLedger(file: string): { entries: LedgerEntry[]; next: number } {
  const entries = new Map<number, LedgerEntry>()
  let next = 1
  if (!existsSync(file)) return { entries: [], next }
  for (const text of readFileSync(file, 'utf8').split('\n')) {
    const line = parseLine(text)
    if (line?.acquire) {
      entries.set(line.acquire.number, line.acquire)
      next = Math.max(next, line.acquire.number + 1)
    }
    if (line?.release !== undefined) entries.delete(line.release)
  }
  return { entries: [...entries.values()], next }
}

function parseLine(text: string): { acquire?: LedgerEntry; release?: number } | undefined {
  try {
    return JSON.parse(text) as { acquire?: LedgerEntry; release?: number }
  } catch {
    return undefined
  }
}
