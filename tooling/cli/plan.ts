import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { loadOptions, loadSettings, paintFor, previewRun, type RecipeOptions } from '@cc-ci/harness'
import { codeOfSignal } from './child.ts'
import { EXIT } from './exit-codes.ts'
import { planLines } from './plan-lines.ts'
import { type RunFlags, runRequest } from './request.ts'

/** The options of `cc-ci plan` as they were typed. */
export interface PlanFlags extends Pick<RunFlags, 'ref' | 'pr' | 'stages' | 'plan' | 'json'> {
  quick?: boolean
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Looks until it is done or a signal ends it; what was fetched is removed either way. */
async function untilSignal<Value>(work: (signal: AbortSignal) => Promise<Value>): Promise<Value | NodeJS.Signals> {
  const ending = new AbortController()
  let told: NodeJS.Signals | undefined
  const end = (signal: NodeJS.Signals) => {
    told ??= signal
    ending.abort(new Error(`ended by ${signal}`))
  }
  for (const signal of SIGNALS) process.on(signal, end)
  try {
    return await work(ending.signal)
  } catch (error) {
    if (told) return told
    throw error
  } finally {
    for (const signal of SIGNALS) process.off(signal, end)
  }
}

/** What the suite says of the recipe; nothing for one without a `recipe.ts`. */
async function suiteOptions(root: string, suite: string): Promise<RecipeOptions> {
  const file = join(root, 'packages', 'recipes', suite, 'recipe.ts')
  return existsSync(file) ? await loadOptions(file) : {}
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
  const packages = { '@cc-ci/fixtures': join(where.root, 'packages', 'fixtures') }
  const { quick } = flags
  const preview = await untilSignal((signal) =>
    previewRun({ settings, recipe, ref, pr, stages, plan, suite: project, options, packages, quick, signal }),
  )
  if (typeof preview === 'string') return codeOfSignal(preview)
  if (flags.json) console.log(JSON.stringify(preview, null, 2))
  else for (const line of planLines(preview, paintFor(process.stdout))) console.log(line)
  return EXIT.green
}
