import { loadSettings, paintFor, previewRun } from '@cc-ci/harness'
import { codeOfSignal } from './child.ts'
import { EXIT } from './exit-codes.ts'
import { planLines } from './plan-lines.ts'
import { type RunFlags, runRequest } from './request.ts'
import { untilSignal } from './signals.ts'
import { optionPackages, suiteOptions } from './suite-options.ts'

/** The options of `cc-ci plan` as they were typed. */
export interface PlanFlags extends Pick<RunFlags, 'ref' | 'pr' | 'stages' | 'plan' | 'json'> {
  quick?: boolean
}

/**
 * `cc-ci plan`: says what a run would do, and touches nothing.
 *
 * @returns the exit code.
 * @throws {CcciError} for what a run would end with before it deploys anything.
 */
export async function planCommand(
  typed: string,
  flags: PlanFlags,
  where: { root: string; cwd: string },
): Promise<number> {
  const settings = await loadSettings({ cwd: where.root })
  const { recipe, project, ref, pr, stages, plan } = await runRequest(typed, flags, { ...where, settings })
  const options = await suiteOptions(where.root, project)
  const packages = optionPackages(where.root)
  const { quick } = flags
  const preview = await untilSignal((signal) =>
    previewRun({ settings, recipe, ref, pr, stages, plan, suite: project, options, packages, quick, signal }),
  )
  if (typeof preview === 'string') return codeOfSignal(preview)
  if (flags.json) console.log(JSON.stringify(preview, null, 2))
  else for (const line of planLines(preview, paintFor(process.stdout))) console.log(line)
  return EXIT.green
}
