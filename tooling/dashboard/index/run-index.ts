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

/** A run that ended this lately may still write its record once more (ms). */
const SETTLED_MS = 60_000

/** A folder without a record for this long will hardly get one (ms). */
const NEVER_MS = 3_600_000

/** So many of the settled records are looked at again in each round: nobody has to restart for one that was changed by hand. */
const LOOKED_AT_AGAIN = 20

/** So many of those that may change are looked at in each round, in turn. */
const MOST_LOOKED_AT = 200

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
  #round: Iterator<string> | undefined
  #refreshing: Promise<void> | undefined
  #newestFirst: readonly RunSummary[] | undefined
  readonly #byRecipe = new Map<string, readonly RunSummary[]>()
  /** The runs of each recipe, and those recipes whose list is not what it was. */
  readonly #ids = new Map<string, Set<string>>()
  readonly #stale = new Set<string>()

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
    this.#newestFirst ??= this.#sorted(this.#entries.keys())
    return this.#newestFirst
  }

  /** The runs of each recipe, the newest first. A list stays the same object as long as nothing in it is another. */
  byRecipe(): ReadonlyMap<string, readonly RunSummary[]> {
    for (const recipe of this.#stale) {
      const ids = this.#ids.get(recipe)
      if (ids?.size) this.#byRecipe.set(recipe, this.#sorted(ids))
      else this.#byRecipe.delete(recipe)
    }
    this.#stale.clear()
    return this.#byRecipe
  }

  #sorted(ids: Iterable<string>): RunSummary[] {
    return [...ids]
      .flatMap((id) => this.#entries.get(id)?.run ?? [])
      .sort((one, other) => (one.startedAt < other.startedAt ? 1 : one.startedAt > other.startedAt ? -1 : 0))
  }

  async #refresh(): Promise<void> {
    await this.#lookAtFolder()
    const fresh = [...this.#unsettled].slice(0, MOST_LOOKED_AT)
    // They come last the next time: none is forgotten, however many there are.
    if (fresh.length < this.#unsettled.size) {
      for (const id of fresh) {
        this.#unsettled.delete(id)
        this.#unsettled.add(id)
      }
    }
    const due = new Set([...fresh, ...this.#again()])
    const ids = [...due]
    for (let at = 0; at < ids.length; at += AT_ONCE) {
      await Promise.all(ids.slice(at, at + AT_ONCE).map((id) => this.#look(id)))
    }
  }

  /** The next few of all, one round after the other. */
  #again(): string[] {
    const ids: string[] = []
    for (let count = 0; count < LOOKED_AT_AGAIN; count += 1) {
      this.#round ??= this.#entries.keys()
      const { value, done } = this.#round.next()
      if (done) this.#round = undefined
      else ids.push(value)
    }
    return ids
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
    const fresh: string[] = []
    for (const id of there) {
      if (this.#entries.has(id)) continue
      this.#entries.set(id, { since: now, mtimeMs: -1, size: -1, run: undefined })
      fresh.push(id)
    }
    // All of those that are new are read at once, or a page would show some of them.
    for (let at = 0; at < fresh.length; at += AT_ONCE) {
      await Promise.all(fresh.slice(at, at + AT_ONCE).map((id) => this.#look(id)))
    }
    this.#folderSeen = now - changed > CLOCK_TICK_MS ? changed : -1
  }

  #forget(id: string): void {
    this.#put(id, undefined)
    this.#entries.delete(id)
    this.#unsettled.delete(id)
  }

  async #look(id: string): Promise<void> {
    const file = join(runDir(this.#stateDir, id), RUN_FILES.record)
    const seen = this.#entries.get(id)
    if (!seen) return
    const now = await stat(file).catch(() => undefined)
    const { mtimeMs, size } = now ?? { mtimeMs: -1, size: -1 }
    if (mtimeMs !== seen.mtimeMs || size !== seen.size) {
      const run = now && (await readSummary(file, id))
      Object.assign(seen, { mtimeMs, size })
      this.#put(id, run)
    } else if (seen.run?.state === 'running') {
      const status = statusOf(seen.run)
      if (status !== seen.run.status) this.#put(id, { ...seen.run, status })
    }
    if (maySettle(seen)) this.#unsettled.delete(id)
    else if (this.#entries.has(id)) this.#unsettled.add(id)
  }

  #put(id: string, run: RunSummary | undefined): void {
    const entry = this.#entries.get(id)
    if (!entry) return
    if (entry.run) {
      this.#ids.get(entry.run.recipe)?.delete(id)
      this.#stale.add(entry.run.recipe)
    }
    entry.run = run
    if (run) {
      const ids = this.#ids.get(run.recipe) ?? new Set()
      this.#ids.set(run.recipe, ids.add(id))
      this.#stale.add(run.recipe)
    }
    this.#newestFirst = undefined
  }
}

/** Whether a record will hardly change again: its run has ended a while ago, or it never came. */
function maySettle({ run, since }: Entry): boolean {
  if (run?.state === 'running') return false
  return run ? Date.now() - Date.parse(run.endedAt ?? run.startedAt) > SETTLED_MS : Date.now() - since > NEVER_MS
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
