import { existsSync } from 'node:fs'
import { join } from 'node:path'
import {
  asInterrupted,
  CcciError,
  checkCanonical,
  connectSwarm,
  loadSettings,
  RUN_FILES,
  type RunRecord,
  readRecord,
  recipeName,
  runDir,
  type Settings,
  saveRecord,
} from '@cc-ci/harness'
import { type ChildEnd, codeOfSignal, runVitest } from './child.ts'
import { EXIT, exitCodeOfRecord } from './exit-codes.ts'
import { promoteRecord } from './promote.ts'
import { flaggedEnvironment, type RunFlags, type RunRequest, runRequest } from './request.ts'

/** The runner ended without leaving a record. */
class NoRecordError extends CcciError {}

/** The runner failed although the record is green: something went wrong that no run stands for. */
class RunnerFailedError extends CcciError {}

/** A record that still says running was cut off: it becomes interrupted. */
function settled(folder: string, end: ChildEnd): RunRecord {
  if (!existsSync(join(folder, RUN_FILES.record))) {
    throw new NoRecordError({
      happened: 'The test runner ended before the run had begun.',
      lastSeen: `exit code ${end.exitCode}${end.signal ? `, ${end.signal}` : ''}; what it said is above`,
      evidence: folder,
    })
  }
  const record = readRecord(folder)
  if (record.state !== 'running') return record
  const why = end.signal ? `the test runner was ended by ${end.signal}` : 'the test runner ended without a word'
  const interrupted = asInterrupted(record, why)
  saveRecord(folder, interrupted)
  return interrupted
}

const say = (flags: RunFlags, text: string): void => (flags.json ? console.error(text) : console.log(text))

/** A damaged canonical is found before the run, which is a cold one then. What keeps this from looking keeps the run, too. */
async function checkFirst(settings: Settings, recipe: string): Promise<void> {
  try {
    await checkCanonical(await connectSwarm(settings.dockerHost), settings, recipe)
  } catch (error) {
    if (!(error instanceof CcciError)) throw error
  }
}

/** @throws {NotPromotableError | PromotionFailedError} */
async function promoteGreen(
  record: RunRecord,
  flags: RunFlags,
  { recipe }: RunRequest,
  { root, settings }: { root: string; settings: Settings },
): Promise<number> {
  const promoted = await promoteRecord(record, { source: recipe }, { root, settings, output: flags.json ? 2 : 1 })
  return typeof promoted === 'string' ? codeOfSignal(promoted) : EXIT.green
}

/**
 * `cc-ci run`: checks everything, runs the recipe's suite in a child, and returns the exit code. Only green is 0.
 *
 * @throws {CcciError} for what stands in no record.
 */
export async function runCommand(
  recipe: string,
  flags: RunFlags,
  where: { root: string; cwd: string },
): Promise<number> {
  const settings = await loadSettings({ cwd: where.root, env: flaggedEnvironment(flags) })
  const request = await runRequest(recipe, flags, { ...where, settings })
  if (request.quick) await checkFirst(settings, recipeName(request.recipe))
  const end = await runVitest(request, where.root, flags.json ? 2 : 1)
  const folder = runDir(settings.stateDir, request.runId)
  const record = settled(folder, end)
  if (flags.json) console.log(JSON.stringify(record, null, 2))
  if (end.signal) return codeOfSignal(end.signal)
  const code = exitCodeOfRecord(record)
  if (flags.promote && code !== EXIT.green) say(flags, '  not promoted: only a green run is')
  if (code === EXIT.green && end.exitCode === 0 && flags.promote)
    return await promoteGreen(record, flags, request, { ...where, settings })
  if (code !== EXIT.green || end.exitCode === 0) return code
  throw new RunnerFailedError({
    happened: `The run is green, and the test runner ended with exit code ${end.exitCode} all the same.`,
    todo: 'What it said is above.',
    evidence: folder,
  })
}
