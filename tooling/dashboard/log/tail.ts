import { type FSWatcher, watch } from 'node:fs'
import { type Chunk, readChunk } from './chunk.ts'

/** Those who watch are told of new lines this often at most (ms): many lines make one message. */
const GATHER_MS = 100

/** A file that does not exist yet, or on a disk that tells of no changes, is looked at this often (ms). */
const LOOK_MS = 1_000

/** How a run stands is not asked more often than this (ms). */
const STATE_MS = 300

/** So many chunks are kept for those who are at the same place. */
const KEPT = 16

/** How a run stands: whether it has ended, and something that is another when its page has more to show. */
export interface RunState {
  ended: boolean
  stamp: string
}

/**
 * A log that grows, for all who watch it: each reads at its own pace from a place of its own, so a slow one holds up nobody
 * and loses nothing; who is at the same place shares what was read.
 */
export class LogTail {
  readonly file: string
  #watcher: FSWatcher | undefined
  #looks: NodeJS.Timeout | undefined
  #gathering: NodeJS.Timeout | undefined
  #waiting = new Set<() => void>()
  /** Counts the times that the log may have grown. */
  #beat = 0
  #looked: { at: number; state: Promise<RunState> } | undefined
  readonly #look: () => Promise<RunState>
  readonly #chunks = new Map<string, Promise<Encoded | undefined>>()

  /** @param look tells how the run stands; asked a few times a second at most, however many watch. */
  constructor(file: string, look: () => Promise<RunState>) {
    this.file = file
    this.#look = look
    this.#looks = setInterval(() => {
      this.#watch()
      this.#wake()
    }, LOOK_MS)
    this.#looks.unref()
    this.#watch()
  }

  close(): void {
    this.#watcher?.close()
    clearInterval(this.#looks)
    clearTimeout(this.#gathering)
    this.#wake()
  }

  /** The lines after a place in the log, as they are sent; nothing when there are none yet. */
  read(start: number, ended: boolean): Promise<Encoded | undefined> {
    const key = `${start} ${ended} ${this.#beat}`
    const kept = this.#chunks.get(key)
    if (kept) return kept
    const chunk = readChunk(this.file, start, ended).then((read) => read && encoded(read))
    this.#chunks.set(key, chunk)
    for (const old of this.#chunks.keys()) {
      if (this.#chunks.size <= KEPT) break
      this.#chunks.delete(old)
    }
    return chunk
  }

  /** How the run stands. */
  state(): Promise<RunState> {
    const now = performance.now()
    if (!this.#looked || now - this.#looked.at > STATE_MS) this.#looked = { at: now, state: this.#look() }
    return this.#looked.state
  }

  /** Which time it is that the log may have grown; for `after`. */
  get beat(): number {
    return this.#beat
  }

  /** Resolves when the log may have grown since a beat: after a second at most, or when it is closed. */
  async after(beat: number): Promise<void> {
    if (beat === this.#beat) await new Promise<void>((resolve) => this.#waiting.add(resolve))
  }

  #watch(): void {
    if (this.#watcher) return
    try {
      this.#watcher = watch(this.file, { persistent: false }, () => {
        this.#gathering ??= setTimeout(() => this.#wake(), GATHER_MS)
      })
      this.#watcher.on('error', () => {
        this.#watcher?.close()
        this.#watcher = undefined
      })
    } catch {
      // It is not there yet, or the system has no more watches to give: it is looked at every second all the same.
    }
  }

  #wake(): void {
    clearTimeout(this.#gathering)
    this.#gathering = undefined
    this.#beat += 1
    const waiting = this.#waiting
    this.#waiting = new Set()
    for (const resolve of waiting) resolve()
  }
}

/** A chunk as it is sent to everybody. */
export interface Encoded {
  end: number
  json: string
}

const encoded = ({ end, lines }: Chunk): Encoded => ({ end, json: JSON.stringify(lines) })

/** The logs that somebody watches. */
export class LogTails {
  readonly #open = new Map<string, { tail: LogTail; users: number }>()

  /** A log, until it is given back. */
  take(file: string, look: () => Promise<RunState>): LogTail {
    const entry = this.#open.get(file) ?? { tail: new LogTail(file, look), users: 0 }
    entry.users += 1
    this.#open.set(file, entry)
    return entry.tail
  }

  /** How many watch. */
  get watchers(): number {
    return [...this.#open.values()].reduce((sum, { users }) => sum + users, 0)
  }

  give(tail: LogTail): void {
    const entry = this.#open.get(tail.file)
    if (!entry || entry.tail !== tail) return
    entry.users -= 1
    if (entry.users > 0) return
    this.#open.delete(tail.file)
    tail.close()
  }
}
