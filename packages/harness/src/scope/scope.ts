import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { TeardownError } from '../app/teardown.ts'
import { CcciError, messageOf } from '../errors.ts'
import { KINDS, type Kind } from './kinds.ts'
import { Ledger, type LedgerEntry } from './ledger.ts'
import { within } from './within.ts'

/** The scope was closed, or is closing, while somebody wanted more of it. */
export class ScopeClosedError extends CcciError {}

/** One or more things of a scope could not be undone. */
export class ScopeCloseError extends CcciError {
  readonly left: string[]
  readonly errors: Error[]

  constructor(failures: Failure[], ledger: string) {
    const left = failures.flatMap(({ entry, error }) =>
      error instanceof TeardownError ? error.left : [`${entry.kind} ${JSON.stringify(entry.data)}`],
    )
    super({
      happened: `${failures.length} of the things of this run could not be removed: ${left.join(', ')}.`,
      lastSeen: failures.map(({ entry, error }) => `${entry.kind}: ${error.message}`).join('\n'),
      todo: 'Remove what is named; the run stays red.',
      evidence: ledger,
    })
    this.left = left
    this.errors = failures.map(({ error }) => error)
  }
}

export interface ScopeOptions {
  /** The scope's own folder: its ledger, checkouts and files. */
  folder: string
  /** Milliseconds for undoing one thing; when they are over, the next one's turn comes all the same. */
  teardownTimeoutMs: number
  onStep?: ((text: string) => void) | undefined
  /** Undo everything twice, a moment apart: programs of an owner that is gone may have made something since. */
  secondLook?: boolean | undefined
}

interface Failure {
  entry: LedgerEntry
  error: Error
}

/**
 * Owns what a test acquires. Everything is written to the ledger before it is made, and undone last-in-first-out however
 * the test ends: {@link Scope.close} runs every step even when one throws or hangs.
 */
export class Scope implements AsyncDisposable {
  readonly folder: string
  readonly #ledger: Ledger
  readonly #options: ScopeOptions
  readonly #abort = new AbortController()
  readonly #working = new Set<Promise<unknown>>()
  #closing: Promise<void> | undefined

  constructor(options: ScopeOptions) {
    mkdirSync(options.folder, { recursive: true })
    this.folder = options.folder
    this.#options = options
    this.#ledger = new Ledger(join(options.folder, 'ledger.jsonl'))
  }

  /** Aborted as soon as the scope begins to close: hand it to everything that waits or runs a program. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** What the scope still owns, as `kind {data}`. */
  get owned(): string[] {
    return this.#ledger.entries.map((entry) => `${entry.kind} ${JSON.stringify(entry.data)}`)
  }

  /**
   * Writes down what is about to be made, then makes it. When `up` fails, what it left half-made is undone at close.
   *
   * @throws {ScopeClosedError} when the scope is closed or closing; {LedgerError} when the disk cannot take the entry;
   *   whatever `up` throws.
   */
  async acquire<Data, Value>(
    kind: Kind<Data>,
    data: Data,
    up: (signal: AbortSignal) => Promise<Value>,
  ): Promise<Value> {
    return await this.during(async (signal) => {
      const checked = kind.schema.parse(data)
      this.#ledger.add(kind.name, checked)
      return await up(signal)
    })
  }

  /**
   * Does work that may change what the scope owns. A close aborts it and waits for its end (not for ever) before it undoes
   * anything: what is still being made cannot be found and removed.
   *
   * @throws {ScopeClosedError} when the scope is closed or closing; whatever `work` throws.
   */
  async during<Value>(work: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
    if (this.signal.aborted)
      throw new ScopeClosedError({ happened: `The scope in ${this.folder} is closed: nothing more can be begun.` })
    const working = work(this.signal)
    this.#working.add(working)
    try {
      return await working
    } finally {
      this.#working.delete(working)
    }
  }

  /** Tells everything that works for the scope to end; the first thing that {@link Scope.close} does. */
  abort(): void {
    this.#abort.abort(new ScopeClosedError({ happened: `The scope in ${this.folder} was closed.` }))
  }

  /** Undoes one thing before its turn; the rest of the scope is as it was. */
  async release<Data>(kind: Kind<Data>, data: Data): Promise<void> {
    const wanted = JSON.stringify(kind.schema.parse(data))
    for (const entry of this.#ledger.entries.filter(
      (one) => one.kind === kind.name && JSON.stringify(one.data) === wanted,
    )) {
      await this.#down(entry)
      this.#ledger.strike(entry.number)
    }
  }

  /**
   * Undoes everything, newest first. Every step runs even if one throws or hangs. Idempotent: the second call awaits the
   * first.
   *
   * @throws {ScopeCloseError} naming what is left.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(): Promise<void> {
    this.abort()
    const interrupted = this.#options.secondLook || this.#working.size > 0
    await within(SETTLE_MS, Promise.allSettled(this.#working))
    let failures = await this.#undoAll(!interrupted)
    if (interrupted && failures.length === 0) {
      await pause(LATE_MS)
      failures = await this.#undoAll(true)
    }
    if (failures.length > 0) throw new ScopeCloseError(failures, this.#ledger.file)
    rmSync(this.folder, { recursive: true, force: true })
  }

  async #undoAll(strike: boolean): Promise<Failure[]> {
    const failures: Failure[] = []
    for (const entry of inOrder(this.#ledger.entries)) {
      try {
        await this.#down(entry)
        if (strike) this.#strike(entry)
      } catch (error) {
        failures.push({ entry, error: error instanceof Error ? error : new Error(messageOf(error)) })
      }
    }
    return failures
  }

  /** What is gone is gone, although a full disk cannot take the news; whoever reads the ledger looks in vain for it. */
  #strike(entry: LedgerEntry): void {
    try {
      this.#ledger.strike(entry.number)
    } catch {
      this.#ledger.forget(entry.number)
    }
  }

  /** Telling must not keep anything from being removed. */
  #tell(text: string): void {
    try {
      this.#options.onStep?.(text)
    } catch {}
  }

  async #down(entry: LedgerEntry): Promise<void> {
    const kind = kindOf(entry)
    if (!kind)
      throw new CcciError({
        happened: `Nothing here knows how to undo a "${entry.kind}".`,
        evidence: this.#ledger.file,
      })
    const timeoutMs = this.#options.teardownTimeoutMs + (kind.patienceMs?.(entry.data as never) ?? 0)
    const down = kind.down(entry.data as never, { timeoutMs, onStep: (text) => this.#tell(text) })
    if (await within(timeoutMs + GRACE_MS, down)) return
    throw new CcciError({
      happened: `Undoing the ${entry.kind} ${JSON.stringify(entry.data)} hangs: given up after ${timeoutMs / 1000} s.`,
    })
  }
}

const kindOf = (entry: LedgerEntry): Kind<never> | undefined => KINDS.find((kind) => kind.name === entry.kind)

/** Newest first, but before all others what still works for the run. */
function inOrder(entries: readonly LedgerEntry[]): LedgerEntry[] {
  const newestFirst = entries.toReversed()
  const isFirst = (entry: LedgerEntry) => kindOf(entry)?.first === true
  return [...newestFirst.filter(isFirst), ...newestFirst.filter((entry) => !isFirst(entry))]
}

/** How long the work that a close has aborted may take to end: twice what a program gets before it is killed. */
const SETTLE_MS = 5_000

/** A request that was on its way when its program was killed is carried out at most this much later. */
const LATE_MS = 1_000

/** A step that keeps its own clock gets this much longer than that before it counts as hanging. */
const GRACE_MS = 2_000
