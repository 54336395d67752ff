import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RUN_FILES, type RunRecord, runDir, runRecord } from '@cc-ci/harness'
import { z } from 'zod'
import { estimateOf } from '../index/recipes.ts'
import type { RunIndex } from '../index/run-index.ts'
import type { RunSummary } from '../index/summary.ts'
import { type Chunk, readEnd } from '../log/chunk.ts'
import { isWriting } from '../log/writing.ts'
import { safeLink } from '../parts/html.ts'
import { type CurrentStep, currentStep } from '../state/current-step.ts'
import { readJson } from '../state/read-json.ts'

/** Pages elsewhere that belong to a run. */
const links = z.object({ pull: z.string().optional(), build: z.string().optional() })

/** Everything the page of a run shows. */
export interface RunView {
  run: RunSummary
  record: RunRecord
  log: Chunk & { size: number }
  /** More may come in the log. */
  writing: boolean
  estimate: number | undefined
  step: CurrentStep | undefined
  pull: string | undefined
  build: string | undefined
  /** The runs of the same recipe before and after it. */
  before: string | undefined
  after: string | undefined
}

/** So many of the last lines of a log are on the page. */
const LINES = 400

/** The record in the folder of a run; nothing when it is none that this version can read. */
export async function readWholeRecord(stateDir: string, id: string): Promise<RunRecord | undefined> {
  try {
    const text = await readFile(join(runDir(stateDir, id), RUN_FILES.record), 'utf8')
    return runRecord.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

/** Gathers what a run's page shows; nothing when its record cannot be read whole. */
export async function runView(stateDir: string, index: RunIndex, run: RunSummary): Promise<RunView | undefined> {
  const folder = runDir(stateDir, run.id)
  const running = run.status === 'running'
  const writing = await isWriting(run, join(folder, RUN_FILES.output))
  const [record, log, step, elsewhere] = await Promise.all([
    readWholeRecord(stateDir, run.id),
    readEnd(join(folder, RUN_FILES.output), LINES, !writing),
    running ? currentStep(stateDir, run.id) : undefined,
    readJson(join(folder, 'links.json'), links),
  ])
  if (!record) return undefined
  const siblings = index.byRecipe().get(run.recipe) ?? []
  const place = siblings.findIndex(({ id }) => id === run.id)
  return {
    run,
    record,
    log,
    writing,
    estimate: running ? estimateOf(run, siblings) : undefined,
    step,
    pull: safeLink(elsewhere?.pull),
    build: safeLink(elsewhere?.build),
    before: siblings[place + 1]?.id,
    after: place > 0 ? siblings[place - 1]?.id : undefined,
  }
}
