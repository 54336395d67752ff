import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type Docker from 'dockerode'
import { Lifecycle } from '../../app/lifecycle.ts'
import { stopStack } from '../../app/teardown.ts'
import { chosenEngine, type EngineFactory } from '../../engine/chosen.ts'
import type { Target } from '../../engine/engine.ts'
import { CcciError, messageOf } from '../../errors.ts'
import { cloneRecipe, type RecipeCheckout } from '../../recipe/checkout.ts'
import { envOf, type RecipeOptions } from '../../recipe/options.ts'
import { resolveOptions } from '../../recipe/options-in-force.ts'
import { shippedLimits } from '../../recipe/shipped-options.ts'
import { type Journal, openJournal } from '../../run/journal.ts'
import type { RunRecord } from '../../run/record.ts'
import { RUN_FILES } from '../../run/store.ts'
import { takeTurn } from '../../run/turn.ts'
import { pathKind } from '../../scope/kinds.ts'
import { leaseFolder } from '../../scope/lease-folder.ts'
import type { Settings } from '../../settings/schema.ts'
import { type SnapshotStep, takeSnapshot } from '../../snapshot/take.ts'
import { attachKnownGood, canonicalApp } from './attach.ts'
import { type Claim, claimCanonical } from './claim.ts'
import { besideOf, type CanonicalEntry, type KnownGood, readKnownGood, writeEntry } from './entry.ts'
import { NotPromotableError, PromotionFailedError } from './errors.ts'
import { type CanonicalPlace, canonicalPlace } from './place.ts'
import { mustBePromotable, notPromotable, objections } from './promotable.ts'
import { type Promotion, tellPromotion } from './promotions.ts'
import { removeConfigs } from './put-back.ts'
import { readSecrets } from './secrets.ts'
import { clearUse } from './use.ts'

/** The moments between which something changes. */
export type PromotionStep =
  | 'claimed'
  | 'attached'
  | 'upgraded'
  | 'undeployed'
  | 'secrets read'
  | SnapshotStep
  | 'registered'
  | 'idle'

export interface PromotionRequest {
  docker: Docker
  settings: Settings
  /** The run whose version becomes the known-good. */
  record: RunRecord
  /** Where the recipe is fetched from. Default: its name. */
  origin?: string | undefined
  /** What the suite's `recipe.ts` says; the recipe may ship options, too. */
  options: RecipeOptions
  /** Packages that the recipe's own options may import, each with its folder. */
  packages?: Readonly<Record<string, string>> | undefined
  /** Another deploy engine. Default: that of the settings. */
  engine?: EngineFactory | undefined
  /** Installs it afresh, although there is a known-good that could be upgraded. */
  fresh?: boolean | undefined
  signal?: AbortSignal | undefined
  /** Told what is being done, in words. */
  onStep?: ((text: string) => void) | undefined
  /** Told of each moment as it is there. */
  onMoment?: ((step: PromotionStep) => void) | undefined
}

/** What came of a promotion. */
export interface Promoted {
  entry: CanonicalEntry
  /** False: the canonical was at this version already, and was not touched. */
  changed: boolean
}

/**
 * Makes the version that a run has proven the canonical of its recipe: upgrades the known-good with its data, or installs
 * afresh where there is none; once that is ready and was undeployed in order, its snapshot is put in force by one rename.
 * Until then, and whenever this fails or dies, the canonical is what it was. What came of it stands in
 * `warm/promotions.jsonl`.
 *
 * @throws {NotPromotableError} for a run that may not be; nothing was touched.
 * @throws {PromotionFailedError} when it did not come up; the canonical is what it was.
 */
export async function promote(request: PromotionRequest): Promise<Promoted> {
  const { record, settings } = request
  const started = performance.now()
  const before = inForceSince(request)
  const tell = (outcome: Promotion['outcome'], more: Pick<Promotion, 'from' | 'why'> = {}) => {
    const { recipe, id: runId, version = '' } = record
    const durationMs = Math.round(performance.now() - started)
    tellPromotion(settings.stateDir, {
      at: new Date().toISOString(),
      recipe,
      runId,
      version,
      outcome,
      ...more,
      durationMs,
    })
  }
  try {
    // Before anything is waited for or fetched.
    const against = objections(record)
    if (against.length > 0) throw notPromotable(record, against)
    const promoted = await inTurn(request)
    const { from } = promoted.entry.made
    tell(promoted.changed ? 'promoted' : 'already there', from === undefined ? {} : { from })
    return promoted
  } catch (error) {
    const refused = error instanceof NotPromotableError
    tell(refused ? 'refused' : 'failed', { why: messageOf(error) })
    if (refused || request.signal?.aborted) throw error
    throw new PromotionFailedError({
      happened:
        inForceSince(request) !== before
          ? `The run ${record.id} was promoted, and the canonical of ${record.recipe} could not be left in order.`
          : `The run ${record.id} could not be promoted; the canonical of ${record.recipe} is what it was.`,
      lastSeen: messageOf(error),
      todo: error instanceof CcciError ? error.told.todo : undefined,
      cause: error,
    })
  }
}

/** Since when what is the known-good now has been it. */
function inForceSince({ settings, record }: PromotionRequest): string | undefined {
  try {
    return readKnownGood(settings.stateDir, canonicalPlace(record.recipe, settings).name)?.entry.takenAt
  } catch {
    return undefined
  }
}

async function inTurn(request: PromotionRequest): Promise<Promoted> {
  const { docker, settings, record, options, signal, onStep } = request
  const place = canonicalPlace(record.recipe, settings)
  mkdirSync(join(settings.stateDir, 'warm'), { recursive: true })
  const runDir = mkdtempSync(join(settings.stateDir, 'warm', '.promotion-'))
  const journal = openJournal(join(runDir, RUN_FILES.journal))
  const told: Journal = {
    file: journal.file,
    write(event) {
      journal.write(event)
      if (event.event === 'step' || event.event === 'done' || event.event === 'warning') onStep?.(event.text)
    },
  }
  const runId = `promotion-${record.id}`
  const { stack, recipe } = place
  const weight = options.weight ?? 1
  try {
    const turn = await takeTurn({ docker, settings, stack, recipe, weight, runId, runDir, journal: told, signal })
    try {
      await turn.scope.acquire(pathKind, { path: runDir }, async () => {})
      return await within(turn.scope, signal, () => work(request, { place, turn, journal: told, runId }))
    } finally {
      await turn.scope.close().finally(() => turn.end())
    }
  } finally {
    rmSync(runDir, { recursive: true, force: true })
  }
}

/** An abort from outside ends the work, too, and the scope puts back what it has begun. */
async function within<Value>(scope: { abort(): void }, signal: AbortSignal | undefined, work: () => Promise<Value>) {
  const abort = () => scope.abort()
  signal?.addEventListener('abort', abort, { once: true })
  try {
    return await work()
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

interface Means {
  place: CanonicalPlace
  turn: Awaited<ReturnType<typeof takeTurn>>
  journal: Journal
  runId: string
}

async function work(request: PromotionRequest, means: Means): Promise<Promoted> {
  const { docker, settings, fresh = false, onMoment } = request
  const { place, turn, journal, runId } = means
  const { scope } = turn
  const leases = await leaseFolder(docker, settings)
  const onStep = (text: string) => journal.write({ event: 'step', text })
  const into = join(scope.folder, 'recipes', place.recipe)
  const { checkout, target, options } = await scope.acquire(pathKind, { path: into }, (signal) =>
    subjectOf(request, into, scope.folder, signal),
  )
  const before = readKnownGood(settings.stateDir, place.name)
  if (before?.entry.commit === target.commit && !fresh) return { entry: before.entry, changed: false }
  const claim = await claimCanonical({ docker, settings, scope, place, leases, runId, purpose: 'promotion', onStep })
  onMoment?.('claimed')
  const engineApp = canonicalApp({ place, checkout, runId, options })
  const engine = (request.engine ?? chosenEngine)(docker, settings)
  const lifecycle = new Lifecycle({ docker, settings, engine, engineApp, options, scope, journal, kept: true })
  const good = fresh ? undefined : claim.good
  try {
    await bringUp({ lifecycle, checkout, place, good, target, options, onMoment })
  } finally {
    await lifecycle.app.setDeployed(undefined)
    await lifecycle.app.http.close()
  }
  return await scope.during((signal) => keep({ request, means, claim, good, target, signal }))
}

/** What is to be the known-good, fetched anew: the latest version may be another since the run. */
async function subjectOf(
  { settings, record, origin = record.recipe, options: suite, packages }: PromotionRequest,
  into: string,
  folder: string,
  signal: AbortSignal,
): Promise<{ checkout: RecipeCheckout; target: Target; options: RecipeOptions }> {
  const checkout = await cloneRecipe({ recipe: origin, sources: settings.recipeSources, into, signal })
  const latest = checkout.published.at(-1)
  const checkedOut = await checkout.checkout(latest?.commit ?? record.commit, signal)
  const copy = join(folder, 'shipped')
  const { options } = await resolveOptions({ suite, tree: into, copy, packages, limits: shippedLimits(settings) })
  mustBePromotable(record, checkout, options)
  return { checkout, target: { ...checkedOut, version: checkedOut.tag?.text ?? '' }, options }
}

async function bringUp(request: {
  lifecycle: Lifecycle
  checkout: RecipeCheckout
  place: CanonicalPlace
  good: KnownGood | undefined
  target: Target
  options: RecipeOptions
  onMoment: PromotionRequest['onMoment']
}): Promise<void> {
  const { lifecycle, checkout, place, good, target, options, onMoment } = request
  const env = { ...envOf(options.env, place.domain), ...envOf(options.upgradeEnv, place.domain) }
  if (good) {
    await attachKnownGood({ lifecycle, checkout, place, good })
    onMoment?.('attached')
    await lifecycle.upgrade(target, env)
  } else {
    await lifecycle.install(target, env, 'install')
  }
  onMoment?.('upgraded')
}

/** Undeploys what has come up, in order, and puts its snapshot in force. */
async function keep({
  request: { docker, settings, record, onMoment },
  means: { place, journal },
  claim: { data },
  good,
  target,
  signal,
}: {
  request: PromotionRequest
  means: Means
  claim: Claim
  good: KnownGood | undefined
  target: Target
  signal: AbortSignal
}): Promise<Promoted> {
  const { recipe, name, stack, domain, folder, envFile } = place
  const { helperImage: image, stateDir } = settings
  const timeoutMs = settings.teardownTimeout * 1000
  const onStep = (text: string) => journal.write({ event: 'step', text })
  onStep(`undeploying ${recipe} in order`)
  // Databases write down what they have in hand before they end.
  await stopStack(docker, stack, { timeoutMs, onStep, graceful: true })
  await removeConfigs(docker, stack)
  onMoment?.('undeployed')
  signal.throwIfAborted()
  const secrets = await readSecrets(docker, { stack, image, known: good?.secrets ?? [], timeoutMs, signal })
  onMoment?.('secrets read')
  onStep(`taking a snapshot of ${recipe}`)
  const { version, commit } = target
  const from = good?.entry.version
  const how = good ? { how: 'upgraded' as const, from } : { how: 'fresh' as const }
  const made = { ...how, runId: record.id, at: new Date().toISOString() }
  const env = existsSync(envFile) ? readFileSync(envFile, 'utf8') : ''
  await takeSnapshot(
    { docker, helperImage: image, stateDir, recipe: name, stack },
    {
      version,
      commit,
      timeoutMs: timeoutMs + data.patienceMs + settings.deployTimeout * 1000,
      signal,
      beside: besideOf({ recipe, domain, made }, env, secrets),
      onStep: (step) => onMoment?.(step),
    },
  )
  const kept = readKnownGood(stateDir, name)
  if (!kept) throw new PromotionFailedError({ happened: `The snapshot of ${recipe} is not in force.` })
  try {
    writeEntry(folder, kept.entry)
    onMoment?.('registered')
    clearUse(folder)
    onMoment?.('idle')
  } catch {
    // It is the new one whatever fails from here on; putting it back writes the same.
  }
  return { entry: kept.entry, changed: true }
}
