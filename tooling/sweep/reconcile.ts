import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { CcciError } from '@cc-ci/harness'
import { z } from 'zod'
import { type SweptApp, sweepRecord } from './record.ts'
import { childEnvironment, lastLines, RUN_MAIN, startChild } from './run-child.ts'

/** Looking after the shared apps ended before all of them had been looked at. */
class ReconcileCutShortError extends CcciError {}

export interface ReconcileStepRequest {
  root: string
  /** The sweep's folder. */
  folder: string
  /** How many shared apps there are. */
  count: number
  /** Called with what tells the child a signal. */
  onStart(kill: (signal: NodeJS.Signals) => void): void
  onApp(app: SweptApp): void
  /** Another program than the command line. */
  program?: string
}

const apps = sweepRecord.shape.reconciled.unwrap()

/** Looks after the shared apps by `cc-ci reconcile`, in a child process. @throws when not all have had their turn. */
export async function reconcileStep(request: ReconcileStepRequest): Promise<void> {
  const { root, folder, count, onStart, onApp, program = RUN_MAIN } = request
  const [out, log] = [join(folder, 'reconcile.jsonl'), join(folder, 'reconcile.log')]
  const args = [root, 'reconcile', '--json']
  const child = startChild({ program, args, env: childEnvironment(), out, log })
  onStart(child.kill)
  const { exitCode, signal } = await child.end
  const told = apps.parse(resultsIn(out))
  for (const app of told) onApp(app)
  rmSync(out, { force: true })
  if (told.length >= count) return
  throw new ReconcileCutShortError({
    happened: `${count - told.length} of ${count} shared apps were not looked after: it ended with ${signal ?? `exit code ${exitCode}`}.`,
    lastSeen: lastLines(log),
    evidence: log,
  })
}

function resultsIn(file: string): unknown[] {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []
  return z.array(z.looseObject({})).parse(lines.map((line) => JSON.parse(line) as unknown))
}
