import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { VersionAt } from '../../alert/alert.ts'
import { stackName } from '../../app/names.ts'
import { envFileFor } from '../../engine/chosen.ts'
import type { EngineApp } from '../../engine/engine.ts'
import { messageOf } from '../../errors.ts'
import { compareVersions, parseVersion } from '../../recipe/version.ts'
import { takeLease } from '../../scope/lease.ts'
import { leaseFolder } from '../../scope/lease-folder.ts'
import { warmFolder } from '../../snapshot/place.ts'
import { type Attempt, readAttempt } from './attempt.ts'
import { Reconciling, UnhealthyError } from './context.ts'
import { hold, judge, speaksAgainst, unpublished } from './held.ts'
import { endInterrupted } from './interrupted.ts'
import { readLastGood } from './last-good.ts'
import { keepRecipe } from './recipe.ts'
import type { ReconcileRequest } from './request.ts'
import type { Found, ReconcileResult } from './result.ts'
import { rollBack } from './rollback.ts'
import { upgrade } from './upgrade.ts'
import { revive, seeToIt } from './well.ts'

/**
 * Sees to it that a shared app is up, well and at its newest version: deploys it, revives it, upgrades it behind the safety
 * gate and goes back when the new version fails; ends what an earlier reconcile had begun. One at a time for each app.
 *
 * @throws {LeaseHeldError | UnknownRecipeError | RecipeFetchError | NeverFetchedError | AttemptFileError |
 *   SharedAppFileError} before anything is touched; what becomes of the app itself is in the result.
 */
export async function reconcileApp(request: ReconcileRequest): Promise<ReconcileResult> {
  const { docker, settings, app, owner, signal, onStep, dryRun } = request
  const { recipe, domain } = app
  const started = performance.now()
  const stack = stackName(domain)
  const folder = warmFolder(settings.stateDir, recipe)
  using _lease = await takeLease({
    folder: await leaseFolder(docker, settings),
    name: stack,
    runId: owner,
    timeoutMs: settings.queueTimeout * 1000,
    signal,
    ...(onStep ? { onWait: onStep } : {}),
  })
  onStep?.(`looking at ${recipe}`)
  using place = dryRun ? temporaryPlace() : { folder, [Symbol.dispose]() {} }
  const lastGood = readLastGood(folder)
  const { checkout, warning } = await keepRecipe({
    recipe,
    settings,
    // A dry run leaves the clone as it is, too.
    folder: request.fetch === false ? folder : place.folder,
    fetch: request.fetch ?? true,
    lastGood: lastGood?.commit,
    signal,
  })
  const envFile = envFileFor(settings, folder, domain)
  const engineApp: EngineApp = {
    recipe,
    domain,
    stack,
    runId: owner,
    checkout,
    envFile,
    secrets: {},
    overlay: undefined,
  }
  await using one = new Reconciling(request, folder, engineApp)
  const found = await look(one)
  if (found.outcome === 'current' || found.outcome === 'upgraded') one.clear('down', 'held', 'unasked')
  return {
    recipe,
    domain,
    stack,
    ...found,
    ...(one.latest ? { latest: { version: one.latest.text, commit: one.latest.commit } } : {}),
    alerts: one.alerts,
    warnings: warning ? [warning] : [],
    durationMs: performance.now() - started,
  }
}

function temporaryPlace(): Disposable & { folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'cc-ci-reconcile-'))
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}

async function look(one: Reconciling): Promise<Found> {
  const attempt = readAttempt(one.folder)
  if (attempt) return await finish(one, attempt)
  const running = await one.running()
  const lastGood = readLastGood(one.folder)
  const { latest } = one
  if (!running && !lastGood) return await deployFirst(one)
  const runs = running && { version: running.version, commit: running.commit ?? '' }
  if (running && running.commit === undefined) return unpublished(one, running.version)
  // Whoever deployed it by hand has made it the app's version, if it is well.
  const at = runs ?? lastGood ?? { version: '', commit: '' }
  const isNewer = latest !== undefined && newer(latest.text, at.version)
  const holds = isNewer && one.request.upgrade !== false ? await speaksAgainst(one, at) : []
  const wanted = isNewer && one.request.upgrade !== false
  const well = await seeToIt(one, at, !wanted || holds.length > 0)
  if (!wanted || (well.outcome !== 'current' && well.outcome !== 'deployed')) return well
  one.clear('down')
  return holds.length > 0 ? hold(one, at, holds) : await tryUpgrade(one, at)
}

const newer = (one: string, other: string): boolean => {
  const [left, right] = [parseVersion(one), parseVersion(other)]
  return left !== undefined && right !== undefined && compareVersions(left, right) > 0
}

/** What another reconcile has begun comes first; the newest version has its turn the next time. */
async function finish(one: Reconciling, attempt: Attempt): Promise<Found> {
  const { to, from, step, startedAt } = attempt
  const interrupted = { to, step, startedAt }
  if (one.request.dryRun) return { outcome: 'would finish', interrupted, reason: `an upgrade was cut off at "${step}"` }
  const { finished, recovered, text } = await endInterrupted(one, attempt)
  if (finished) return { outcome: 'upgraded', version: to, interrupted, reason: text }
  return { outcome: recovered ? 'rolled back' : 'failed', version: from, interrupted, reason: text }
}

/** Nothing of it runs, and nothing is known of it. */
async function deployFirst(one: Reconciling): Promise<Found> {
  const { latest } = one
  const { recipe } = one.request.app
  if (!latest) return { outcome: 'failed', reason: `${recipe} has no published version` }
  const version = { version: latest.text, commit: latest.commit }
  const holds = await judge(one, undefined)
  if (holds.length > 0) return hold(one, undefined, holds)
  if (one.request.dryRun) return { outcome: 'would deploy', version }
  return await revive(one, version, 'it was never deployed', 'deployed')
}

/** Applies the newest version, or goes back. */
async function tryUpgrade(one: Reconciling, from: VersionAt): Promise<Found> {
  const { latest } = one
  const { recipe, stateful } = one.request.app
  if (!latest) return { outcome: 'current', version: from }
  const to = { version: latest.text, commit: latest.commit }
  if (one.request.dryRun) return { outcome: 'would upgrade', version: from, reason: `to ${to.version}` }
  const user = await one.request.inUse?.()
  // Whoever asks next time upgrades it: nobody has to be told.
  if (user !== undefined) return { outcome: 'held', version: from, reason: `in use: ${user}` }
  const startedAt = new Date().toISOString()
  const attempt: Attempt = { format: 1, recipe, stack: one.stack, from, to, stateful, startedAt, step: 'undeploy' }
  try {
    await upgrade(one, attempt)
    return { outcome: 'upgraded', version: to, reason: `from ${from.version}` }
  } catch (error) {
    const aborted = one.request.signal?.aborted === true
    const untold = attempt.step === 'health' ? 'unasked' : 'deploy'
    const cause = aborted ? 'interrupted' : error instanceof UnhealthyError ? 'unhealthy' : untold
    attempt.failure = { cause, text: messageOf(error) }
    const evidence = await one.keepEvidence(error)
    if (evidence) attempt.failure.evidence = evidence
    const { recovered, text } = await rollBack(one, attempt)
    return { outcome: recovered ? 'rolled back' : 'failed', version: from, reason: text }
  }
}
