import {
  type AlertDelivery,
  checkEngine,
  chosenEngine,
  connectSwarm,
  deliverAlerts,
  guardThisProcess,
  loadSettings,
  messageOf,
  paintFor,
  preflight,
  type ReconcileOutcome,
  type ReconcileResult,
  raiseAlert,
  reconcileApp,
  stackName,
} from '@cc-ci/harness'
import { inUse, rememberAccess } from './keycloak.ts'
import { sharedAppSpecs } from './shared-apps.ts'
import { resultLines } from './show.ts'
import { suiteGate } from './suite-gate.ts'

/** The options of `cc-ci reconcile` as they were typed. */
export interface ReconcileFlags {
  dryRun?: boolean
  /** False: the recipes are taken as they were fetched last. */
  fetch?: boolean
  retry?: boolean
  json?: boolean
}

/** What the exit codes of `cc-ci reconcile` mean; of several apps, the worst counts. */
export const RECONCILE_EXIT = { ok: 0, rolledBack: 1, usage: 2, failed: 3, held: 4 } as const

/** The worst first. */
const WORST: [ReconcileOutcome, number][] = [
  ['failed', RECONCILE_EXIT.failed],
  ['rolled back', RECONCILE_EXIT.rolledBack],
  ['held', RECONCILE_EXIT.held],
]

/** The exit code for what became of all apps. */
export const exitCodeOfResults = (results: readonly Pick<ReconcileResult, 'outcome'>[]): number =>
  WORST.find(([outcome]) => results.some((result) => result.outcome === outcome))?.[1] ?? RECONCILE_EXIT.ok

/**
 * `cc-ci reconcile`: sees to it that the shared apps of this host, or those that are named, are up, well and at their newest
 * version, and delivers the alerts. What goes wrong with one leaves the others their turn.
 *
 * @returns the exit code.
 * @throws {CcciError} before anything is touched.
 */
export async function reconcileCommand(names: string[], flags: ReconcileFlags, root: string): Promise<number> {
  guardThisProcess()
  const settings = await loadSettings({ cwd: root })
  const specs = await sharedAppSpecs(root, settings, names)
  await checkEngine(settings)
  const docker = await connectSwarm(settings.dockerHost)
  await preflight(docker, settings)
  const paint = paintFor(process.stdout)
  const ended = new AbortController()
  const end = (signal: NodeJS.Signals) => ended.abort(new Error(`ended by ${signal}`))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end)
  const results: ReconcileResult[] = []
  for (const app of specs) {
    if (ended.signal.aborted) break
    const started = performance.now()
    const { recipe, domain } = app
    let result: ReconcileResult
    try {
      result = await reconcileApp({
        docker,
        settings,
        engine: chosenEngine(docker, settings),
        app,
        gate: suiteGate(root, settings),
        inUse: () => inUse(docker, settings, app),
        owner: 'reconcile',
        fetch: flags.fetch,
        retry: flags.retry,
        dryRun: flags.dryRun,
        signal: ended.signal,
        onStep: (text) => console.error(paint('dim', `  ${recipe}: ${text.split('\n')[0]}`)),
      })
      if (!flags.dryRun && result.outcome !== 'failed') await rememberAccess(docker, settings, app)
    } catch (error) {
      const durationMs = performance.now() - started
      const reason = messageOf(error)
      if (!flags.dryRun && !ended.signal.aborted) tellUnlooked(settings.stateDir, recipe, error)
      result = {
        recipe,
        domain,
        stack: stackName(domain),
        outcome: 'failed',
        reason,
        alerts: [],
        warnings: [],
        durationMs,
      }
    }
    results.push(result)
    if (flags.json) console.log(JSON.stringify(result))
    else for (const line of resultLines(result, paint)) console.log(line)
  }
  if (!flags.dryRun) tellOf(await deliverAlerts(settings))
  return ended.signal.aborted ? RECONCILE_EXIT.failed : exitCodeOfResults(results)
}

/** Nobody could look at it: it may be down, for all that is known. */
function tellUnlooked(stateDir: string, recipe: string, error: unknown): void {
  const event = error instanceof Error ? error.name : undefined
  const title = `${recipe} could not be looked after`
  raiseAlert(stateDir, { subject: recipe, cause: 'unasked', title, text: messageOf(error), event })
}

/** Says what was not delivered. */
function tellOf({ held, failed }: AlertDelivery): void {
  for (const { alert, error } of failed) console.error(`alert ${alert.id} was not delivered: ${error}`)
  if (held === 'busy') console.error('another process delivers the alerts at this moment')
}
