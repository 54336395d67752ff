import {
  connectSwarm,
  findRecord,
  loadSettings,
  type Promoted,
  paintFor,
  promote,
  type RunRecord,
  type Settings,
  took,
} from '@cc-ci/harness'
import { codeOfSignal } from './child.ts'
import { EXIT } from './exit-codes.ts'
import { untilSignal } from './signals.ts'
import { optionPackages, suiteOptions } from './suite-options.ts'

/** The options of `cc-ci promote` as they were typed. */
export interface PromoteFlags {
  source?: string
  fresh?: boolean
  json?: boolean
}

/**
 * Promotes a run, telling what is done line by line.
 *
 * @param output where the lines go: 1 for stdout, 2 for stderr.
 * @throws {NotPromotableError | PromotionFailedError}
 */
export async function promoteRecord(
  record: RunRecord,
  flags: PromoteFlags,
  where: { root: string; settings: Settings; output: 1 | 2 },
): Promise<Promoted | NodeJS.Signals> {
  const { root, settings, output } = where
  const docker = await connectSwarm(settings.dockerHost)
  const options = await suiteOptions(root, record.recipe)
  const packages = optionPackages(root)
  const print = output === 1 ? console.log : console.error
  const paint = paintFor(output === 1 ? process.stdout : process.stderr)
  const started = performance.now()
  print(`  ${paint('bold', 'promotion')}`)
  const onStep = (text: string) => print(paint('dim', `    … ${text}`))
  const promoted = await untilSignal((signal) =>
    promote({ docker, settings, record, options, packages, origin: flags.source, fresh: flags.fresh, signal, onStep }),
  )
  if (typeof promoted === 'string') return promoted
  const { recipe, version, made } = promoted.entry
  const how = made.how === 'fresh' ? 'installed afresh' : `upgraded from ${made.from}`
  const text = promoted.changed ? `is ${version} now, ${how}` : `is at ${version} already`
  print(
    `  ${paint('green', '✓')} the canonical of ${recipe} ${text} ${paint('dim', took(performance.now() - started))}`,
  )
  return promoted
}

/** `cc-ci promote`: makes what a green run has proven the canonical of its recipe. Returns the exit code. */
export async function promoteCommand(run: string, flags: PromoteFlags, root: string): Promise<number> {
  const settings = await loadSettings({ cwd: root })
  const record = findRecord(settings.stateDir, run)
  const promoted = await promoteRecord(record, flags, { root, settings, output: flags.json ? 2 : 1 })
  if (typeof promoted === 'string') return codeOfSignal(promoted)
  if (flags.json) console.log(JSON.stringify(promoted, null, 2))
  return EXIT.green
}
