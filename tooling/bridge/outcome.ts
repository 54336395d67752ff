import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { RUN_FILES, type RunRecord, readRecord, runDir } from '@cc-ci/harness'
import type { CancelReason } from './store/runs.ts'

/** How the executor says that a run ended. */
export interface RunEnd {
  result: 'success' | 'failure' | 'error' | 'killed'
  /** What else is known, where no record tells it. */
  detail?: string | undefined
}

/** What came of a run, as it is told. */
export interface Outcome {
  result: 'green' | 'red' | 'infrastructure' | 'interrupted' | 'superseded' | 'deadline' | 'queue'
  level?: number | undefined
  version?: string | undefined
  mode?: string | undefined
  durationMs?: number | undefined
  limitedTo?: readonly string[] | undefined
  stages: { stage: string; outcome: string; durationMs: number; reason?: string | undefined }[]
  problems: readonly string[]
  detail?: string | undefined
}

/** A run's record, if there is one that can be read. */
export function recordOf(stateDir: string, runId: string): RunRecord | undefined {
  const folder = runDir(stateDir, runId)
  if (!existsSync(join(folder, RUN_FILES.record))) return undefined
  try {
    return readRecord(folder)
  } catch {
    return undefined
  }
}

/**
 * What came of a run. Green is only what its record calls green and the executor did not call a failure; without a record,
 * nothing is.
 */
export function outcomeOf(end: RunEnd, record: RunRecord | undefined, why: CancelReason | undefined): Outcome {
  const told = {
    stages:
      record?.stages.map(({ stage, outcome, durationMs, reason }) => ({ stage, outcome, durationMs, reason })) ?? [],
    problems: record?.problems ?? [],
    level: record?.level,
    version: record?.version,
    mode: record?.mode,
    durationMs: record?.durationMs,
    limitedTo: record?.limitedTo,
    detail: record ? undefined : end.detail,
  }
  return { ...told, result: resultOf(end, record, why) }
}

function resultOf(end: RunEnd, record: RunRecord | undefined, why: CancelReason | undefined): Outcome['result'] {
  if (record?.state === 'finished' && record.verdict === 'green' && end.result === 'success') return 'green'
  if (record?.state === 'finished' && record.verdict === 'red') {
    return record.blame === 'infrastructure' ? 'infrastructure' : 'red'
  }
  if (why) return why
  if (record?.state === 'interrupted' || end.result === 'killed') return 'interrupted'
  if (record?.state === 'running') return 'interrupted'
  // Ended without a record: asked for something that cannot be, such as a recipe that is none.
  return end.result === 'failure' && !record ? 'red' : 'infrastructure'
}
