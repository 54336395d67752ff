import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { RUN_FILES, type RunRecord, readRecord, runDir, type Settings } from '@cc-ci/harness'
import type { RunEnd } from './course.ts'
import type { ChildPool } from './pool.ts'
import type { SweptRecipe } from './record.ts'
import { type ChildEnd, childEnvironment, lastLines, RUN_MAIN } from './run-child.ts'

export interface RecipeRunRequest {
  pool: Pick<ChildPool, 'run'>
  /** The folder that holds `vitest.config.ts` and the recipes' suites. */
  root: string
  settings: Pick<Settings, 'stateDir'>
  /** The sweep's folder. */
  folder: string
  recipe: Pick<SweptRecipe, 'recipe' | 'runId'>
  /** The git tag of the version that is tested. */
  tag: string
  /** Another program than the command line. */
  program?: string
}

/** Tests a recipe by `cc-ci run`, in a child process, and reads what came of it from the run's record. */
export async function runRecipe(request: RecipeRunRequest): Promise<RunEnd> {
  const { pool, root, settings, folder, recipe, tag, program = RUN_MAIN } = request
  const { runId = '' } = recipe
  const log = `${recipe.recipe}.log`
  const started = performance.now()
  const end = await pool.run({
    program,
    args: [root, 'run', recipe.recipe, '--ref', tag],
    env: childEnvironment({ CCCI_RUN_ID: runId }),
    log: join(folder, log),
  })
  if (!end) return { outcome: 'not run' }
  const durationMs = Math.round(performance.now() - started)
  const said = join(folder, log)
  const place = runDir(settings.stateDir, runId)
  if (!existsSync(join(place, RUN_FILES.record))) {
    const why = [`it ended before it had begun (${endText(end)}): ${lastLines(said, 6)}`]
    return { outcome: wasEnded(end) ? 'interrupted' : 'failed', why, durationMs, log }
  }
  return { ...judged(readRecord(place), end), durationMs, log }
}

const endText = ({ exitCode, signal }: ChildEnd): string => signal ?? `exit code ${exitCode}`

/** As a shell says that a program was ended by a signal. */
const wasEnded = ({ exitCode = 0, signal }: ChildEnd): boolean => signal !== undefined || exitCode > 128

function judged(record: RunRecord, end: ChildEnd): Pick<RunEnd, 'outcome' | 'why' | 'level'> {
  const level = record.level === undefined ? {} : { level: record.level }
  const { verdict, problems, state } = record
  if (verdict === 'green') {
    if (end.exitCode === 0) return { outcome: 'green', ...level }
    return { outcome: 'failed', why: [`the run is green, and cc-ci ended with ${endText(end)} all the same`], ...level }
  }
  const why = problems.length > 0 ? problems : [`it ended with ${endText(end)}`]
  if (verdict === 'red') return { outcome: (record.blame ?? 'recipe') === 'recipe' ? 'red' : 'failed', why, ...level }
  const cut = state === 'running' ? [`it was cut off (${endText(end)})`] : []
  return { outcome: wasEnded(end) ? 'interrupted' : 'failed', why: [...cut, ...why], ...level }
}
