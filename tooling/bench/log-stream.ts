import { openSync, writeSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { saveRecord } from '@cc-ci/harness'
import { sampleRecord, writeSampleRecord } from '../dashboard/sample/record.ts'
import { dashboardProcess } from '../dashboard/sample/server.ts'
import type { BenchLine } from './compare.ts'

const WATCHERS = 50
const PER_SECOND = 1_000

/** So many seconds of log for each pair that was asked for. */
const SECONDS = 2

/** One of the watchers loses its connection this often (ms), and comes back as a browser does. */
const DROP_MS = 200

/** Within this, 99 of 100 lines are to be with whoever watches (ms). */
const BOUND_MS = 1_000

/** Somebody who watches the log, and holds each line against the one that must come. */
class Watcher {
  readonly delays: number[] = []
  lines = 0
  reconnects = 0
  #place = ''
  #connection = new AbortController()
  readonly #address: string
  readonly ended: Promise<void>

  constructor(address: string) {
    this.#address = address
    this.ended = this.#watch()
  }

  drop(): void {
    this.#connection.abort()
  }

  async #watch(): Promise<void> {
    while (!(await this.#follow().catch(() => this.#lost()))) this.reconnects += 1
  }

  /** A connection that was dropped on purpose is made again; what else goes wrong is told. */
  #lost(): boolean {
    if (!this.#connection.signal.aborted) throw new Error(`a watcher lost its connection after ${this.lines} lines`)
    this.#connection = new AbortController()
    return false
  }

  /** Whether the end was reached. */
  async #follow(): Promise<boolean> {
    const headers: Record<string, string> = this.#place ? { 'last-event-id': this.#place } : {}
    const answer = await fetch(this.#address, { headers, signal: this.#connection.signal })
    let text = ''
    for await (const piece of (answer.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
      text += piece
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const fields = new Map(
          text
            .slice(0, end)
            .split('\n')
            .map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]),
        )
        text = text.slice(end + 2)
        if (fields.get('event') === 'lines')
          for (const line of JSON.parse(fields.get('data') ?? '[]') as string[]) this.#heard(line)
        this.#place = fields.get('id') ?? this.#place
        if (fields.get('event') === 'end') return true
      }
    }
    return false
  }

  #heard(line: string): void {
    const [number, at] = line.split(' ')
    if (Number(number) !== this.lines) throw new Error(`line ${this.lines} was to come, and ${number} came`)
    this.lines += 1
    this.delays.push(performance.timeOrigin + performance.now() - Number(at))
  }
}

const part = (sorted: Float64Array, share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN

/** Writes lines that say their number and when they were written, 1,000 a second, one by one. */
async function write(file: string, seconds: number): Promise<number> {
  const log = openSync(file, 'a')
  const started = performance.now()
  let written = 0
  while (written < seconds * PER_SECOND) {
    for (const due = ((performance.now() - started) / 1000) * PER_SECOND; written < due; written += 1) {
      writeSync(
        log,
        `${written} ${performance.timeOrigin + performance.now()} waiting for app, which is being started (1 of 2 tasks)\n`,
      )
    }
    await pause(2)
  }
  return written
}

/**
 * 1,000 lines of a log a second to 50 who watch, over HTTP, some of whom lose their connection and come back. A line that is
 * lost, comes twice or out of turn is an error. Tells after what time a line is there; the peer is the bound.
 */
export async function logStream(pairs: number): Promise<BenchLine> {
  const stateDir = await mkdtemp(join(tmpdir(), 'cc-ci-bench-log-'))
  try {
    const going = { recipe: 'demo', startedAt: new Date().toISOString(), state: 'running' } as const
    const { folder, record } = writeSampleRecord(stateDir, going)
    await using server = await dashboardProcess(stateDir)
    const watchers = Array.from({ length: WATCHERS }, () => new Watcher(`${server.url}/runs/${record.id}/stream`))
    let turn = 0
    const dropping = setInterval(() => {
      turn += 1
      watchers[turn % WATCHERS]?.drop()
    }, DROP_MS)
    const written = await write(join(folder, 'output.log'), pairs * SECONDS)
    clearInterval(dropping)
    saveRecord(folder, sampleRecord({ ...going, state: 'finished' }))
    await Promise.all(watchers.map(({ ended }) => ended))
    const short = watchers.filter(({ lines }) => lines !== written)
    if (short.length > 0) throw new Error(`${short.length} of ${WATCHERS} watchers did not get all ${written} lines`)
    const delays = Float64Array.from(watchers.flatMap((watcher) => watcher.delays)).sort()
    const at = (share: number) => Math.round(part(delays, share))
    const p99 = at(0.99)
    const reconnects = watchers.reduce((sum, watcher) => sum + watcher.reconnects, 0)
    return {
      bench: 'log-stream',
      ratio: Number((p99 / BOUND_MS).toFixed(3)),
      ours_ms: p99,
      peer_ms: BOUND_MS,
      runs: WATCHERS,
      note: `${written} lines at ${PER_SECOND} a second, all ${written * WATCHERS} heard once and in turn, with ${reconnects} connections lost; delay median ${at(0.5)} ms, p99 ${p99} ms; the peer is the bound`,
    }
  } finally {
    await rm(stateDir, { recursive: true, force: true })
  }
}
