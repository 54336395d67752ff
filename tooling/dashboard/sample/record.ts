import { mkdirSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { levelOf, outcomesOf, RUN_FILES, RUN_STAGES, type RunRecord, runDir, type StageRecord } from '@cc-ci/harness'

/** What of a sample is not as usual. */
export type Different = Partial<RunRecord> & { recipe: string; startedAt: string }

/** How long each stage takes in a sample (ms). */
const TIMES: Readonly<Record<string, number>> = {
  install: 4_200,
  upgrade: 6_100,
  backup: 7_300,
  custom: 900,
  'recipe-local': 0,
  lint: 40,
}

/** Stages that all passed, but for those that are said to be otherwise. `slow`: how many times as long they took. */
export function sampleStages(different: Readonly<Record<string, Partial<StageRecord>>> = {}, slow = 1): StageRecord[] {
  return RUN_STAGES.map((stage) => {
    const durationMs = Math.round((TIMES[stage] ?? 0) * slow)
    const usual: StageRecord =
      stage === 'recipe-local'
        ? {
            stage,
            outcome: 'not applicable',
            reason: 'the recipe ships no tests under tests/',
            durationMs: 0,
            tests: [],
          }
        : { stage, outcome: 'pass', durationMs, tests: [] }
    if (stage !== 'lint' && stage !== 'recipe-local') {
      usual.tests = [{ name: `${stage} > ${TESTS[stage]}`, outcome: 'pass', durationMs }]
    }
    return { ...usual, ...different[stage] }
  })
}

const TESTS: Readonly<Record<string, string>> = {
  install: 'serves its page',
  upgrade: 'keeps what was written',
  backup: 'brings back what was lost',
  custom: 'shows what it is told to',
}

const idOf = (recipe: string, startedAt: string): string => {
  const stamp = startedAt.replace(/[-:]/g, '').replace('T', '-').slice(0, 15)
  const hash = [...`${recipe}${startedAt}`].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 0xffffff, 7)
  return `${stamp}-${recipe
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, 40)}-${hash.toString(16).padStart(6, '0')}`
}

/** A record as a run leaves it: green, unless it is said to be otherwise. */
export function sampleRecord(different: Different): RunRecord {
  const { recipe, startedAt, stages = sampleStages() } = different
  const id = different.id ?? idOf(recipe, startedAt)
  const durationMs = stages.reduce((sum, stage) => sum + stage.durationMs, 1_500)
  const running = different.state === 'running'
  return {
    schemaVersion: 1,
    id,
    version: '1.1.0+1.22.1',
    base: '1.0.0+1.22.1',
    commit: '3f9a2c51d0e6b7a8c9d0e1f2a3b4c5d6e7f80912',
    mode: 'cold',
    plan: 'full',
    domain: `${recipe.slice(0, 4)}-3f9a2c.ci.localhost`,
    stack: `${recipe.slice(0, 4)}-3f9a2c_ci_localhost`,
    host: hostname(),
    pid: process.pid,
    state: 'finished',
    stages,
    problems: [],
    unproven: [],
    evidence: [],
    quirks: [],
    customisation: {},
    warnings: [],
    steps: [],
    ...(running
      ? {}
      : {
          endedAt: new Date(Date.parse(startedAt) + durationMs).toISOString(),
          durationMs,
          verdict: 'green',
          level: levelOf(outcomesOf(stages)),
          deployments: { counted: 3, planned: 3 },
          teardown: { clean: true, left: [], durationMs: 420 },
        }),
    ...different,
  }
}

/** Writes the record of a run into its folder, and gives back the folder. */
export function writeSampleRecord(stateDir: string, different: Different): { folder: string; record: RunRecord } {
  const record = sampleRecord(different)
  const folder = runDir(stateDir, record.id)
  // Without waiting for the disk, as a run would: there are many, and nothing is lost with them.
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, RUN_FILES.record), JSON.stringify(record))
  return { folder, record }
}
