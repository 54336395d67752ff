import type { RunRecord } from './record.ts'
import type { RunStage } from './stages.ts'
import { listRecords } from './store.ts'

/** How long things took in the last runs of a recipe, in milliseconds. */
export interface PreviousDurations {
  /** A whole green run with the same plan and stages. */
  total(plan: RunRecord['plan'], limitedTo: readonly RunStage[] | undefined): number | undefined
  /** A stage that passed. */
  stage(stage: RunStage): number | undefined
  /** A step of the same text; numbers and hashes in it do not matter. */
  step(text: string): number | undefined
}

/** Versions, counters and hashes differ from run to run; what is done does not. */
const gist = (text: string): string => text.replace(/\b[0-9a-f]{6,}\b/g, '#').replace(/\d+/g, '#')

/** How many runs are looked at: enough to find each stage once, few enough to be read at every start. */
const LOOK_BACK = 5

/** Reads how long the last finished runs of `recipe` took; of each thing the newest counts. */
export function previousDurations(stateDir: string, recipe: string): PreviousDurations {
  const records = listRecords(stateDir)
    .filter((record) => record.recipe === recipe && record.state === 'finished')
    .slice(0, LOOK_BACK)
  const stages = new Map<RunStage, number>()
  const steps = new Map<string, number>()
  for (const record of records.toReversed()) {
    for (const { stage, outcome, durationMs } of record.stages) if (outcome === 'pass') stages.set(stage, durationMs)
    for (const { text, durationMs } of record.steps) steps.set(gist(text), durationMs)
  }
  return {
    total: (plan, limitedTo) =>
      records.find(
        (record) =>
          record.verdict === 'green' &&
          record.plan === plan &&
          String(record.limitedTo ?? '') === String(limitedTo ?? ''),
      )?.durationMs,
    stage: (stage) => stages.get(stage),
    step: (text) => steps.get(gist(text)),
  }
}
