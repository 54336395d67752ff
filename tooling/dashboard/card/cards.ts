import { join } from 'node:path'
import { runDir, writeAtomically } from '@cc-ci/harness'
import { openInside } from '../files/inside.ts'
import type { RunSummary } from '../index/summary.ts'
import { readWholeRecord } from '../pages/run-view.ts'
import { OneAtATime, pictureOf } from './chromium.ts'
import { cardPage } from './page.ts'

const FILE = 'card.png'

/** Pictures of results, each taken once and kept in the folder of its run, with which it goes. */
export class Cards {
  readonly #stateDir: string
  readonly #chromium: string
  readonly #turns = new OneAtATime()
  readonly #wanted = new Map<string, Promise<Buffer | undefined>>()

  /** @param chromium the path of the browser that takes them. */
  constructor(stateDir: string, chromium: string) {
    this.#stateDir = stateDir
    this.#chromium = chromium
  }

  /**
   * The picture of a run that has ended, as PNG; nothing when its record cannot be read.
   *
   * @throws {NoCardBrowserError}
   * @throws {CardsBusyError}
   */
  async of(run: RunSummary): Promise<Buffer | undefined> {
    const kept = await this.#kept(run.id)
    if (kept) return kept
    const wanted = this.#wanted.get(run.id) ?? this.#turns.do(() => this.#take(run))
    this.#wanted.set(run.id, wanted)
    try {
      return await wanted
    } finally {
      this.#wanted.delete(run.id)
    }
  }

  async #kept(id: string): Promise<Buffer | undefined> {
    const handle = await openInside(runDir(this.#stateDir, id), FILE)
    try {
      return await handle?.readFile()
    } finally {
      await handle?.close()
    }
  }

  async #take(run: RunSummary): Promise<Buffer | undefined> {
    const record = await readWholeRecord(this.#stateDir, run.id)
    if (!record) return undefined
    const picture = await pictureOf(String(await cardPage(run, record)), this.#chromium)
    try {
      writeAtomically(join(runDir(this.#stateDir, run.id), FILE), [picture])
    } catch {
      // A disk that is full or cannot be written to: it is taken again the next time.
    }
    return picture
  }
}
