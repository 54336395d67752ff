import { join } from 'node:path'
import type Docker from 'dockerode'
import { Lifecycle } from '../../app/lifecycle.ts'
import { chosenEngine, type EngineFactory } from '../../engine/chosen.ts'
import type { EngineApp, Target } from '../../engine/engine.ts'
import { writeAtomically } from '../../files/write.ts'
import { cloneRecipe, type RecipeCheckout } from '../../recipe/checkout.ts'
import { envOf, type RecipeOptions } from '../../recipe/options.ts'
import type { Journal } from '../../run/journal.ts'
import { pathKind } from '../../scope/kinds.ts'
import { takeLease } from '../../scope/lease.ts'
import { leaseFolder } from '../../scope/lease-folder.ts'
import type { Scope } from '../../scope/scope.ts'
import type { Settings } from '../../settings/schema.ts'
import { claimCanonical } from './claim.ts'
import type { CanonicalData } from './data.ts'
import { type CanonicalEntry, type KnownGood, readKnownGood } from './entry.ts'
import { NoCanonicalError } from './errors.ts'
import { type CanonicalPlace, canonicalPlace } from './place.ts'

export interface RunCanonicalRequest {
  docker: Docker
  settings: Settings
  scope: Scope
  journal: Journal
  engine?: EngineFactory | undefined
  runId: string
  /** The recipe's name. */
  recipe: string
  /** Where the recipe is fetched from: its name, or the path or URL of its repository. */
  origin: string
  options: RecipeOptions
  /** Keeps a lease until everything of the run is gone. */
  hold(lease: Disposable): void
}

/** A canonical that a run has beside its own app. */
export interface RunCanonical {
  lifecycle: Lifecycle
  /** The scope's entry by which it is put back. */
  data: CanonicalData
}

/**
 * Attaches the canonical of a recipe for a run that has an app of its own: waits for its turn, deploys the known-good over
 * its data. The scope puts it back as it was, whatever was done to it.
 *
 * @throws {NoCanonicalError | CanonicalDamagedError | LeaseHeldError} and what a deployment can end in.
 */
export async function openRunCanonical(request: RunCanonicalRequest): Promise<RunCanonical> {
  const { docker, settings, scope, journal, runId, recipe, origin, options, hold } = request
  const place = canonicalPlace(recipe, settings)
  const leases = await leaseFolder(docker, settings)
  const onStep = (text: string) => journal.write({ event: 'step', text })
  mustExist(place, settings)
  return await scope.during(async (signal) => {
    const timeoutMs = settings.queueTimeout * 1000
    hold(await takeLease({ folder: leases, name: place.stack, runId, timeoutMs, signal, onWait: onStep }))
    mustExist(place, settings)
    const { good, data } = await claimCanonical({
      docker,
      settings,
      scope,
      place,
      leases,
      runId,
      purpose: 'test',
      onStep,
    })
    if (!good) throw new NoCanonicalError(recipe)
    // In a folder as abra wants it, beside that of the app under test.
    const into = join(scope.folder, 'canonical', 'recipes', recipe)
    const checkout = await scope.acquire(pathKind, { path: into }, () =>
      cloneRecipe({ recipe: origin, sources: settings.recipeSources, into, signal }),
    )
    const engineApp = canonicalApp({ place, checkout, runId, options })
    const engine = (request.engine ?? chosenEngine)(docker, settings)
    const lifecycle = new Lifecycle({ docker, settings, engine, engineApp, options, scope, journal, kept: true })
    onStep(`attaching the canonical of ${recipe}, ${good.entry.version}`)
    await attachKnownGood({ lifecycle, checkout, place, good, signal })
    return { lifecycle, data }
  })
}

/** @throws {NoCanonicalError | SnapshotDamagedError} */
function mustExist({ name, recipe }: CanonicalPlace, { stateDir }: Settings): void {
  if (!readKnownGood(stateDir, name)) throw new NoCanonicalError(recipe)
}

/** The app that an engine works on when it deploys a canonical. */
export const canonicalApp = ({
  place,
  checkout,
  runId,
  options,
}: {
  place: CanonicalPlace
  checkout: RecipeCheckout
  runId: string
  options: RecipeOptions
}): EngineApp => ({
  recipe: place.recipe,
  domain: place.domain,
  stack: place.stack,
  runId,
  checkout,
  envFile: place.envFile,
  secrets: envOf(options.secrets, place.domain),
  overlay: options.overlay,
})

/**
 * Deploys the known-good of a claimed canonical over its data, and waits until it is ready.
 *
 * @throws {UnknownVersionError} when the recipe's repository does not have its commit; what a deployment can end in.
 */
export async function attachKnownGood(request: {
  lifecycle: Lifecycle
  checkout: RecipeCheckout
  place: CanonicalPlace
  good: KnownGood
  signal?: AbortSignal | undefined
}): Promise<void> {
  const { lifecycle, checkout, place, good, signal } = request
  writeAtomically(place.envFile, good.env, 0o600)
  await lifecycle.attach(await knownTarget(checkout, good.entry, signal))
}

async function knownTarget(
  checkout: RecipeCheckout,
  { commit, version }: CanonicalEntry,
  signal?: AbortSignal,
): Promise<Target> {
  return { ...(await checkout.checkout(commit, signal)), version }
}
