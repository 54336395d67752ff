import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { RUN_FILES, runDir, runsDir } from '@cc-ci/harness'
import { type RunSummary, statusOf, summaryOf } from './summary.ts'

/** A record is replaced whole, so what it was and when it was written tells whether it is another. */
interface Entry {
  /** When it was first seen (ms since 1970). */
  since: number
  mtimeMs: number
  size: number
  /** Nothing when there is no readable record in the folder (yet). */
  run: RunSummary | undefined
}

/** So many folders are read at once. */
const AT_ONCE = 32

/** A record that ended this lately may still be written once more (ms). */
const SETTLED_MS = 60_000

/** So many of the settled records are looked at again in each round: nobody has to restart for one that was changed by hand. */
const LOOKED_AT_AGAIN = 20

/** Two changes of a folder within this time may have one and the same time stamp (ms). */
const CLOCK_TICK_MS = 50

/** A name that a folder of a run can have. */
const RUN_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,150}$/

/**
 * All runs of a state directory, in memory. It is asked for freshness by whoever shows something: a new folder is seen by
 * the time stamp of the folder they are in, and only records of runs that have not ended long ago are looked at each time.
 */
export class RunIndex {
  readonly #stateDir: string
  readonly #entries = new Map<string, Entry>()
  /** Folders that change, or may. */
  readonly #unsettled = new Set<string>()
  #folderSeen = -1
  #round = 0
  #refreshing: Promise<void> | undefined
  #newestFirst: readonly RunSummary[] | undefined
  #byRecipe: ReadonlyMap<string, readonly RunSummary[]> | undefined

  constructor(stateDir: string) {
    this.#stateDir = stateDir
  }

  /** Reads what is new. Who asks while it reads waits for the same. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  /** A run, or nothing when there is none of this id. */
  get(id: string): RunSummary | undefined {
    return this.#entries.get(id)?.run
  }

  /** Whether there is a folder of a run by this name, be its record readable or not. */
  has(id: string): boolean {
    return this.#entries.has(id)
  }

  /** All runs, the newest first. */
  all(): readonly RunSummary[] {
    this.#newestFirst ??= [...this.#entries.values()]
      .flatMap(({ run }) => run ?? [])
      .sort((one, other) => (one.startedAt < other.startedAt ? 1 : one.startedAt > other.startedAt ? -1 : 0))
    return this.#newestFirst
  }

  /** The runs of each recipe, the newest first. */
  byRecipe(): ReadonlyMap<string, readonly RunSummary[]> {
    this.#byRecipe ??= Map.groupBy(this.all(), ({ recipe }) => recipe)
    return this.#byRecipe
  }

  async #refresh(): Promise<void> {
    await this.#lookAtFolder()
    const due = [...this.#unsettled]
    const settled = this.#entries.size - due.length
    if (settled > 0) {
      const ids = [...this.#entries.keys()]
      for (let count = 0; count < Math.min(LOOKED_AT_AGAIN, settled); count += 1) {
        this.#round = (this.#round + 1) % ids.length
        const id = ids[this.#round]
        if (id !== undefined && !this.#unsettled.has(id)) due.push(id)
      }
    }
    for (let at = 0; at < due.length; at += AT_ONCE) {
      await Promise.all(due.slice(at, at + AT_ONCE).map((id) => this.#look(id)))
    }
  }

  async #lookAtFolder(): Promise<void> {
    const folder = runsDir(this.#stateDir)
    const changed = (await stat(folder).catch(() => undefined))?.mtimeMs
    if (changed === undefined) {
      for (const id of this.#entries.keys()) this.#forget(id)
      this.#folderSeen = -1
      return
    }
    if (changed === this.#folderSeen) return
    const now = Date.now()
    const entries = await readdir(folder, { withFileTypes: true })
    const there = new Set(
      entries.filter((entry) => entry.isDirectory() && RUN_ID.test(entry.name)).map(({ name }) => name),
    )
    for (const id of this.#entries.keys()) if (!there.has(id)) this.#forget(id)
    for (const id of there) {
      if (this.#entries.has(id)) continue
      this.#entries.set(id, { since: now, mtimeMs: -1, size: -1, run: undefined })
      this.#unsettled.add(id)
    }
    this.#folderSeen = now - changed > CLOCK_TICK_MS ? changed : -1
  }

  #forget(id: string): void {
    this.#entries.delete(id)
    this.#unsettled.delete(id)
    this.#changed()
  }

  async #look(id: string): Promise<void> {
    const file = join(runDir(this.#stateDir, id), RUN_FILES.record)
    const seen = this.#entries.get(id)
    if (!seen) return
    const now = await stat(file).catch(() => undefined)
    const { mtimeMs, size } = now ?? { mtimeMs: -1, size: -1 }
    if (mtimeMs !== seen.mtimeMs || size !== seen.size) {
      const run = now && (await readSummary(file, id))
      if (this.#entries.has(id)) this.#entries.set(id, { ...seen, mtimeMs, size, run })
      this.#changed()
    } else if (seen.run?.state === 'running') {
      const status = statusOf(seen.run)
      if (status !== seen.run.status) {
        seen.run = { ...seen.run, status }
        this.#changed()
      }
    }
    this.#settle(id)
  }

  /** A record that has ended, or was cut off or never came, is not looked at each time for ever. */
  #settle(id: string): void {
    const entry = this.#entries.get(id)
    if (!entry) return
    const old = Date.now() - Math.max(entry.mtimeMs, entry.run ? 0 : entry.since) > SETTLED_MS
    if (old && entry.run?.status !== 'running') this.#unsettled.delete(id)
    else this.#unsettled.add(id)
  }

  #changed(): void {
    this.#newestFirst = undefined
    this.#byRecipe = undefined
  }
}

/** The record in a file, if it is one and that of its folder. */
async function readSummary(file: string, id: string): Promise<RunSummary | undefined> {
  try {
    const run = summaryOf(JSON.parse(await readFile(file, 'utf8')))
    return run?.id === id ? run : undefined
  } catch {
    return undefined
  }
}
