import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sampleStages, writeSampleRecord } from '../dashboard/sample/record.ts'
import { dashboardProcess } from '../dashboard/sample/server.ts'
import type { BenchLine } from './compare.ts'

const RUNS = 10_000
const RECIPES = 40

/** Within this the overview is to be there, for 95 of 100 who ask (ms). */
const BOUND_MS = 50

/** So often the overview is asked for, for each pair that was asked for. */
const LOOKS = 60

/** A run that goes on writes its record anew every so many looks, and another one begins. */
const CHANGES = 5
const BEGINS = 20

const part = (sorted: readonly number[], share: number): number =>
  sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN
const rounded = (value: number): number => Number(value.toFixed(1))

/** The overview over 10,000 runs, while one goes on and others begin, over HTTP; the peer is the bound that it has to keep. */
export async function dashboard(pairs: number): Promise<BenchLine> {
  const stateDir = await mkdtemp(join(tmpdir(), 'cc-ci-bench-dashboard-'))
  try {
    const now = Date.now()
    const at = (minutes: number) => new Date(now - minutes * 60_000).toISOString()
    for (let run = 0; run < RUNS; run += 1) {
      const steps = Array.from({ length: 20 }, (_, step) => ({
        text: `waiting for service ${step}`,
        kind: 'step' as const,
        at: at(run),
        durationMs: 100,
      }))
      const red =
        run % 11 === 0 ? ({ verdict: 'red', blame: run % 3 ? 'recipe' : 'infrastructure', level: 1 } as const) : {}
      writeSampleRecord(stateDir, { recipe: `recipe-${run % RECIPES}`, startedAt: at(run + 10), steps, ...red })
    }
    await using server = await dashboardProcess(stateDir)
    const look = async (): Promise<number> => {
      const started = performance.now()
      const answer = await fetch(server.url)
      const text = await answer.text()
      if (!answer.ok || !text.includes('recipe-39'))
        throw new Error(`the overview is not what it should be: ${answer.status}`)
      return performance.now() - started
    }
    const first = await look()
    for (let warm = 0; warm < 20; warm += 1) await look()
    const times: number[] = []
    for (let turn = 0; turn < pairs * LOOKS; turn += 1) {
      const passed = { recipe: 'recipe-7', startedAt: at(1), state: 'running' as const }
      if (turn % CHANGES === 0) writeSampleRecord(stateDir, { ...passed, stages: sampleStages({}, turn) })
      if (turn % BEGINS === 0)
        writeSampleRecord(stateDir, { recipe: 'recipe-8', startedAt: new Date(now + turn).toISOString() })
      times.push(await look())
    }
    const sorted = times.toSorted((one, other) => one - other)
    const p95 = part(sorted, 0.95)
    return {
      bench: 'dashboard',
      ratio: Number((p95 / BOUND_MS).toFixed(3)),
      ours_ms: rounded(p95),
      peer_ms: BOUND_MS,
      runs: times.length,
      note: `overview of ${RUNS} runs: median ${rounded(part(sorted, 0.5))} ms, p95 ${rounded(p95)} ms, longest ${rounded(part(sorted, 1))} ms; the first, which reads all records, ${rounded(first)} ms; the peer is the bound`,
    }
  } finally {
    await rm(stateDir, { recursive: true, force: true })
  }
}
