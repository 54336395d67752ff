import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type Docker from 'dockerode'
import type { App } from '../app/app.ts'
import { Lifecycle, type Purpose } from '../app/lifecycle.ts'
import { runDomain, stackName } from '../app/names.ts'
import type { Backup } from '../backup/backup.ts'
import { openResticBackup } from '../backup/restic/restic.ts'
import { connectSwarm } from '../docker/connect.ts'
import { hasIpvs } from '../docker/ipvs.ts'
import { LEASE_LABEL, ownerLabels } from '../docker/labels.ts'
import {
  checkEngine,
  chosenBackupBot,
  chosenEngine,
  type EngineFactory,
  engineQuirks,
  envFileFor,
} from '../engine/chosen.ts'
import type { EngineApp, Target } from '../engine/engine.ts'
import { quirksOf } from '../engine/swarm/compose-copies.ts'
import { messageOf } from '../errors.ts'
import type { Realm } from '../keycloak/realm.ts'
import { openRunRealm } from '../keycloak/run-realm.ts'
import type { PublishedVersion, RecipeCheckout } from '../recipe/checkout.ts'
import type { ComposeView } from '../recipe/compose-view.ts'
import { DECLARED, type OptionContext } from '../recipe/option-context.ts'
import { envOf, type RecipeOptions, type UpgradeBase } from '../recipe/options.ts'
import { type OptionOrigins, type OptionsInForce, resolveOptions } from '../recipe/options-in-force.ts'
import { asksForRealm, checkRealmDeclared } from '../recipe/realm-options.ts'
import { shippedLimits } from '../recipe/shipped-options.ts'
import { learnSecret } from '../redact/secrets.ts'
import { canonicalKind, pathKind, processesKind, volumeKind } from '../scope/kinds.ts'
import { leaseFolder } from '../scope/lease-folder.ts'
import { type Scope, ScopeCloseError } from '../scope/scope.ts'
import { within } from '../scope/within.ts'
import { loadSettings } from '../settings/load.ts'
import type { Settings } from '../settings/schema.ts'
import { attachKnownGood, openRunCanonical, type RunCanonical } from '../warm/canonical/attach.ts'
import { type ClaimRequest, claimCanonical } from '../warm/canonical/claim.ts'
import type { KnownGood } from '../warm/canonical/entry.ts'
import { NoCanonicalError } from '../warm/canonical/errors.ts'
import { type CanonicalPlace, canonicalPlace } from '../warm/canonical/place.ts'
import { basesOf } from './applicable.ts'
import { customisationOf } from './customisation.ts'
import { declaredEvents } from './declared.ts'
import { type Journal, type JournalEvent, openJournal } from './journal.ts'
import { lintStage } from './lint-stage.ts'
import { type Plan, plannedDeployments, startsAtBase } from './plan.ts'
import { preflight } from './preflight.ts'
import { CanonicalUnderTestError, QuickInstallsNothingError } from './quick.ts'
import { RUN_STAGES, type RunStage } from './stages.ts'
import { RUN_FILES, readRecord, recipeName } from './store.ts'
import { findSubject, type Subject } from './subject.ts'
import { type Turn, takeTurn } from './turn.ts'

/** How long helpers may take to end before they are removed by force. */
const HELPERS_MS = 10_000

/** What is to be tested, and where its traces go. */
export interface SessionRequest {
  runId: string
  /** The run's folder: journal, record, evidence. */
  runDir: string
  /** A recipe's name, or the path of its repository. */
  recipe: string
  ref?: string | undefined
  pr?: string | undefined
  /** `quick` needs a canonical of the recipe. */
  plan?: Plan | undefined
  /** Why a run that was to be quick is a cold one. */
  quickCold?: string | undefined
  /** The stages this run is limited to; all when absent. */
  stages?: readonly RunStage[] | undefined
  /** What the suite's `recipe.ts` says; the recipe may ship options, too. */
  options: RecipeOptions
  /** Packages that the recipe's own options may import, each with its folder. */
  packages?: Readonly<Record<string, string>> | undefined
  /** Another deploy engine. Default: that of the settings. */
  engine?: EngineFactory | undefined
  /** The mark that the run's programs carry (see `markChildren`); they end with it. */
  mark?: string | undefined
  /** Ends the opening: the wait for another run, the fetching. An open session is ended by {@link Session.close}. */
  signal?: AbortSignal | undefined
}

/** The parts of a session that exist before the app does. */
interface Opened {
  request: SessionRequest
  settings: Settings
  docker: Docker
  turn: Turn
  journal: Journal
  inForce: OptionsInForce
  subject: Subject
  engineApp: EngineApp
  quick: Quick | undefined
}

/** The canonical that a quick run works on. */
interface Quick {
  place: CanonicalPlace
  good: KnownGood
}

/**
 * One run of one recipe in this process: its lease, its scope, its own checkout, and the app's lifecycle. Everything it
 * makes is gone after {@link Session.close}.
 */
export class Session implements AsyncDisposable {
  readonly settings: Settings
  readonly docker: Docker
  readonly scope: Scope
  readonly journal: Journal
  /** The options in force: the suite's, and those that the recipe ships. */
  readonly options: RecipeOptions
  readonly runDir: string
  readonly runId: string
  readonly plan: Plan
  readonly stages: readonly RunStage[]
  /** The version under test. */
  readonly target: Target
  /** The published version before it, if there is one. */
  readonly base: PublishedVersion | undefined
  /** The composed files of the version under test, as its `.env.sample` has them. */
  readonly compose: ComposeView
  readonly lifecycle: Lifecycle
  readonly reached = { app: false, upgrades: 0, freshRestores: 0 }
  readonly #turn: Turn
  readonly #checkout: RecipeCheckout
  #app: Promise<void> | undefined
  #backup: Promise<Backup> | undefined
  #realm: Promise<Realm> | undefined
  #prepared: Promise<void> | undefined
  /** What functions in the options are told. */
  #context: OptionContext = DECLARED
  readonly #engineApp: EngineApp
  #canonical: Promise<RunCanonical> | undefined
  readonly #quick: Quick | undefined
  readonly #request: SessionRequest
  readonly #engine: EngineFactory | undefined
  /** The turn, which is given back last, and leases beside it. */
  readonly #held = new DisposableStack()
  #closing: Promise<void> | undefined
  #keeps = false
  #endedFromOutside = false

  private constructor({ request, settings, docker, turn, journal, inForce, subject, engineApp, quick }: Opened) {
    this.settings = settings
    this.docker = docker
    this.scope = turn.scope
    this.journal = journal
    this.options = inForce.options
    this.runDir = request.runDir
    this.runId = request.runId
    this.plan = request.plan ?? inForce.options.plan ?? 'full'
    this.#request = request
    this.#engineApp = engineApp
    this.#quick = quick
    this.stages = request.stages ?? RUN_STAGES
    this.target = subject.target
    this.base = subject.base
    this.compose = subject.compose
    this.#turn = turn
    this.#checkout = subject.checkout
    this.#held.defer(() => turn.end())
    this.#engine = request.engine
    const engine = (request.engine ?? chosenEngine)(docker, settings)
    const { scope, options } = this
    this.lifecycle = new Lifecycle({
      docker,
      settings,
      engine,
      engineApp,
      options,
      scope,
      journal,
      kept: quick !== undefined,
    })
  }

  /**
   * Checks the host, takes the turn at the app's name, removes what a dead run left there, fetches the recipe and finds the
   * version under test and its base. Nothing is deployed yet; whatever was acquired is given back when this fails.
   *
   * @throws {SettingsError | AbraMissingError | DiskFullError | LeaseHeldError | UnknownRecipeError | UnknownVersionError | ComposeError | …}
   */
  static async open(request: SessionRequest): Promise<Session> {
    const settings = await loadSettings()
    learnSecrets(request.options)
    const journal = openJournal(join(request.runDir, RUN_FILES.journal))
    journal.write({ event: 'step', text: 'looking at the host' })
    await checkEngine(settings)
    const docker = await connectSwarm(settings.dockerHost)
    await preflight(docker, settings)
    const { runId } = request
    const recipe = recipeName(request.recipe)
    if (request.quickCold) journal.write({ event: 'quick', cold: request.quickCold })
    const place = request.plan === 'quick' ? canonicalPlace(recipe, settings) : undefined
    const domain = place?.domain ?? runDomain({ recipe, pr: request.pr, ref: request.ref }, settings.baseDomain)
    const stack = stackName(domain)
    const { runDir, signal } = request
    const weight = request.options.weight ?? 1
    const turn = await takeTurn({ docker, settings, stack, recipe, weight, runId, runDir, journal, signal })
    const { scope } = turn
    try {
      if (request.mark) await scope.acquire(processesKind, { mark: request.mark }, async () => {})
      const quick = place && (await claimForQuick({ docker, settings, scope, place, runId, journal }))
      journal.write({ event: 'step', text: `fetching the recipe ${recipe}` })
      const into = join(scope.folder, 'recipes', recipe)
      const copy = join(scope.folder, 'shipped')
      let inForce: OptionsInForce = { options: request.options, origins: {}, overruled: [] }
      const subject = await scope.acquire(pathKind, { path: into }, (closing) =>
        findSubject({
          recipe: request.recipe,
          ref: request.ref,
          sources: settings.recipeSources,
          into,
          domain,
          stack,
          env: async (tree) => {
            const { options: suite, packages } = request
            const asked = { suite, tree, copy, packages, limits: shippedLimits(settings) }
            inForce = await scope.acquire(pathKind, { path: copy }, () => resolveOptions(asked))
            checkRealmDeclared(inForce.options, domain)
            learnSecrets(inForce.options)
            return envOf(inForce.options.env, domain)
          },
          signal: signal ? AbortSignal.any([closing, signal]) : closing,
          warn: (text) => journal.write({ event: 'warning', text }),
          fetched: async (checkout, at, env) => {
            if (request.stages && !request.stages.includes('lint')) return
            await lintStage(journal, { checkout, at, domain, stack, env, signal })
          },
        }),
      )
      const { options } = inForce
      const envFile = place?.envFile ?? envFileFor(settings, scope.folder, domain)
      if (!place) await scope.acquire(pathKind, { path: envFile }, async () => {})
      const engineApp: EngineApp = {
        recipe,
        domain,
        stack,
        runId,
        checkout: subject.checkout,
        envFile,
        secrets: envOf(options.secrets, domain),
        overlay: options.overlay,
        reaches: [],
      }
      const session = new Session({ request, settings, docker, turn, journal, inForce, subject, engineApp, quick })
      session.#tellSubject(recipe, domain, stack, inForce.origins)
      for (const event of declaredEvents(inForce)) journal.write(event)
      return session
    } catch (error) {
      // What cannot be removed must not hide why it was opened in vain.
      await scope.close().catch((closing: unknown) => tellLeft(journal, closing))
      turn.end()
      throw error
    }
  }

  /** The versions to upgrade from: those named in `recipe.ts`, or the newest published one before the version under test. */
  get bases(): readonly UpgradeBase[] {
    if (this.#quick) return [{ version: this.#quick.good.entry.version }]
    return basesOf(this.options, this.base)
  }

  /** The app, deployed and ready at the version under test (in a `single` plan with an upgrade to come: at its base). */
  async deployed(): Promise<Lifecycle> {
    if (!this.#app) {
      this.reached.app = true
      this.#app = this.#first()
    }
    await this.#app
    return this.lifecycle
  }

  /** The app as it stands, or deployed at the version under test when nothing stands yet. */
  async standing(): Promise<Lifecycle> {
    if (this.lifecycle.deployments > 0) return this.lifecycle
    return await this.deployed()
  }

  /** Wipes what stands and deploys a version afresh. */
  async install(target: Target, purpose: Purpose): Promise<void> {
    await this.#prepare()
    await this.#install(target, this.#envFor(target), purpose)
  }

  /** Wipes what stands and deploys a published version afresh, with the variables of its own. @throws {UnknownVersionError} */
  async installBase({ version, env }: UpgradeBase): Promise<void> {
    const target = await this.published(version)
    const { domain } = this.lifecycle.app
    await this.#prepare()
    await this.#install(target, { ...this.#envFor(target), ...envOf(env, domain, this.#context) }, 'upgrade base')
  }

  async #install(target: Target, changes: Record<string, string>, purpose: Purpose): Promise<void> {
    if (this.#quick) throw new QuickInstallsNothingError(this.lifecycle.app.recipe)
    await this.lifecycle.install(target, changes, purpose)
    this.#app = Promise.resolve()
  }

  /** Upgrades what stands to the version under test. */
  async upgrade(): Promise<void> {
    await this.#prepare()
    await this.lifecycle.upgrade(this.target, { ...this.#env(), ...this.#upgradeEnv() })
  }

  /** The backup tool with this run's own repository; the same one each time. */
  backup(): Promise<Backup> {
    this.#backup ??= this.#openBackup()
    return this.#backup
  }

  /**
   * A realm for this run on the warm Keycloak, or on one that is deployed for this run alone; the same one each time. It is
   * gone after {@link Session.close}.
   *
   * @throws {NoKeycloakError | KeycloakUnreachableError | KeycloakRefusedError}
   */
  realm(): Promise<Realm> {
    this.#realm ??= this.#openRealm()
    return this.#realm
  }

  /**
   * The canonical of the recipe beside the run's own app, attached with its data; the same one each time. It is put back as
   * it was by {@link Session.close}.
   *
   * @throws {NoCanonicalError | CanonicalDamagedError | CanonicalUnderTestError | LeaseHeldError}
   */
  async canonical(): Promise<App> {
    this.#canonical ??= this.#openCanonical()
    return (await this.#canonical).lifecycle.app
  }

  /** The folder of this run's own checkout, at the version under test. */
  async sources(): Promise<string> {
    if (this.#checkout.at !== this.target.commit) await this.#checkout.checkout(this.target.commit, this.scope.signal)
    return this.#checkout.dir
  }

  /** The published version of that name, ready to be deployed. @throws {UnknownVersionError} */
  async published(version: string): Promise<Target> {
    const checkedOut = await this.#checkout.checkout(version, this.scope.signal)
    return { ...checkedOut, version: checkedOut.tag?.text ?? version }
  }

  /** A test has failed: where the host's settings say so, the app stays up for a while after the close. */
  failed(): void {
    this.#keeps = this.settings.keepOnFailure > 0
  }

  /** The run is ended from outside: nothing stays up, whatever has failed. */
  keepNothing(): void {
    this.#endedFromOutside = true
  }

  /**
   * Removes everything this session made and gives the lease back last. Idempotent. What could not be removed is in the
   * journal and in the error.
   *
   * @throws {ScopeCloseError}
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(): Promise<void> {
    const started = performance.now()
    // A journal that cannot be written must not keep anything from being removed; a run without these lines is red.
    const tell = (event: JournalEvent) => {
      try {
        this.journal.write(event)
      } catch {}
    }
    const end = (left: string[]) =>
      tell({ event: 'teardown', clean: left.length === 0, left, durationMs: performance.now() - started })
    const { deployments: counted } = this.lifecycle
    tell({ event: 'deployments', counted, planned: plannedDeployments(this.plan, this.reached) })
    if (this.#keeps && counted > 0 && !this.#isInterrupted()) return await this.#keep(tell)
    this.scope.abort()
    try {
      await within(HELPERS_MS, this.#closeHelpers())
      await this.scope.close()
      end([])
    } catch (error) {
      end(error instanceof ScopeCloseError ? error.left : [messageOf(error)])
      throw error
    } finally {
      this.#held.dispose()
    }
  }

  /** Whether this worker, or the runner that has told its reporter so, was told to end. */
  #isInterrupted(): boolean {
    const file = join(this.runDir, RUN_FILES.record)
    return this.#endedFromOutside || (existsSync(file) && readRecord(this.runDir).state === 'interrupted')
  }

  /** Leaves the app up; its warden, or the janitor, ends it. */
  async #keep(tell: (event: JournalEvent) => void): Promise<void> {
    const until = Date.now() + this.settings.keepOnFailure * 1000
    try {
      await this.#putCanonicalBack()
      this.#turn.keep(until)
      tell({ event: 'kept', until, url: this.lifecycle.app.url, stack: this.lifecycle.app.stack })
      await within(HELPERS_MS, this.#closeHelpers())
    } finally {
      this.#held.dispose()
    }
  }

  /** Ends what works in this process or in containers of ours; the scope finds and removes what this leaves. */
  async #closeHelpers(): Promise<void> {
    await Promise.allSettled([
      this.#backup?.then((backup) => backup.close()),
      this.lifecycle.app.setDeployed(undefined),
      this.lifecycle.app.http.close(),
      this.#canonical?.then(({ lifecycle: { app } }) => Promise.all([app.setDeployed(undefined), app.http.close()])),
    ])
  }

  /** Before its turn, where the app stays up: others wait for it. */
  async #putCanonicalBack(): Promise<void> {
    const canonical = await this.#canonical?.catch(() => undefined)
    if (canonical) await this.scope.release(canonicalKind, canonical.data)
  }

  async #openCanonical(): Promise<RunCanonical> {
    const { docker, settings, scope, journal, runId, options } = this
    const { recipe } = this.lifecycle.app
    if (this.#quick) throw new CanonicalUnderTestError(recipe)
    const engine = this.#engine
    const hold = (lease: Disposable) => void this.#held.use(lease)
    const origin = this.#request.recipe
    return await openRunCanonical({ docker, settings, scope, journal, engine, runId, recipe, origin, options, hold })
  }

  async #openBackup(): Promise<Backup> {
    const { dockerHost, helperImage: image } = this.settings
    const repositoryVolume = `cc-ci-backup-${this.runId}`
    const labels = { ...ownerLabels(this.runId), [LEASE_LABEL]: this.lifecycle.app.stack }
    const app = { checkout: this.#checkout, domain: this.lifecycle.app.domain }
    const bot = chosenBackupBot(this.docker, this.settings, app, labels)
    if (bot) return bot
    return await this.scope.acquire(volumeKind, { dockerHost, volume: repositoryVolume }, async () =>
      openResticBackup(this.docker, { image, repositoryVolume, labels }),
    )
  }

  async #openRealm(): Promise<Realm> {
    const { docker, settings, scope, journal, runId } = this
    const { recipe, url: appUrl } = this.lifecycle.app
    const engine = this.#engine
    const hold = (lease: Disposable) => void this.#held.use(lease)
    return await openRunRealm({ docker, settings, scope, journal, engine, runId, recipe, appUrl, hold })
  }

  async #first(): Promise<void> {
    if (this.#quick) return await this.#upgradeCanonical(this.#quick)
    const [base] = this.options.notApplicable?.upgrade ? [] : this.bases
    if (base !== undefined && startsAtBase(this.plan, this.stages, true)) {
      await this.installBase(base)
    } else {
      await this.install(this.target, 'install')
    }
  }

  async #upgradeCanonical({ place, good }: Quick): Promise<void> {
    const { lifecycle, journal, target } = this
    const { version, commit } = good.entry
    journal.write({ event: 'step', text: `attaching the canonical, ${version}` })
    const checkout = this.#checkout
    await this.scope.during((signal) => attachKnownGood({ lifecycle, checkout, place, good, signal }))
    if (commit === target.commit) return
    journal.write({ event: 'step', text: `upgrading ${version} → ${target.version}` })
    await this.upgrade()
  }

  /** Makes what the app is to be told of: its realm, before its first deployment. */
  #prepare(): Promise<void> {
    this.#prepared ??= this.#openDependencies()
    return this.#prepared
  }

  async #openDependencies(): Promise<void> {
    const { options } = this
    if (!options.dependencies?.includes('keycloak')) return
    const { domain } = this.lifecycle.app
    try {
      const realm = await this.realm()
      this.#context = { realm }
      const { secrets, reaches } = this.#engineApp
      Object.assign(secrets, envOf(options.secrets, domain, this.#context))
      for (const value of Object.values(secrets)) learnSecret(value)
      reaches?.push(new URL(realm.url).hostname)
    } catch (error) {
      // An app that is told nothing of it can be tested as far as no test asks for it.
      if (asksForRealm(options, domain)) throw error
      this.journal.write({ event: 'warning', text: `there is no realm: ${messageOf(error)}` })
    }
  }

  #env(): Record<string, string> {
    return envOf(this.options.env, this.lifecycle.app.domain, this.#context)
  }

  #upgradeEnv(): Record<string, string> {
    return envOf(this.options.upgradeEnv, this.lifecycle.app.domain, this.#context)
  }

  #envFor(target: Target): Record<string, string> {
    return target.commit === this.target.commit ? { ...this.#env(), ...this.#upgradeEnv() } : this.#env()
  }

  #reachQuirks(): string[] {
    if (!this.options.dependencies?.includes('keycloak') || !this.settings.proxyContainer) return []
    const network = this.settings.proxyNetwork
    return [`no DNS records here: containers on ${network} find Keycloak by /etc/hosts, and trust the host's authority`]
  }

  #tellSubject(recipe: string, domain: string, stack: string, origins: OptionOrigins): void {
    if (this.#quick) {
      const { version, commit, takenAt } = this.#quick.good.entry
      const upgraded = commit !== this.target.commit
      this.journal.write({ event: 'quick', canonical: { version, commit, takenAt, upgraded } })
      if (this.settings.keepOnFailure > 0) {
        const text = 'a quick run keeps nothing up, whatever fails: its app is the canonical'
        this.journal.write({ event: 'warning', text })
      }
    }
    const quirks = quirksOf({ compose: this.compose, ipvs: hasIpvs(this.settings) })
    this.journal.write({
      event: 'subject',
      recipe,
      version: this.target.version,
      commit: this.target.commit,
      ref: this.target.ref,
      base: this.bases.map(({ version }) => version).join(', ') || undefined,
      domain,
      stack,
      plan: this.plan,
      quirks: [...quirks, ...engineQuirks(this.settings, quirks), ...this.#reachQuirks()],
      customisation: customisationOf(this.options, domain),
      customisationFrom: origins,
    })
  }
}

/** The canonical that a quick run works on, in use from now on. @throws {NoCanonicalError | CanonicalDamagedError} */
async function claimForQuick({
  journal,
  ...request
}: Pick<ClaimRequest, 'docker' | 'settings' | 'scope' | 'place' | 'runId'> & { journal: Journal }): Promise<Quick> {
  const { docker, settings, place } = request
  const leases = await leaseFolder(docker, settings)
  const onStep = (text: string) => journal.write({ event: 'step', text })
  const { good } = await claimCanonical({ ...request, leases, purpose: 'quick', onStep })
  if (!good) throw new NoCanonicalError(place.recipe)
  return { place, good }
}

function tellLeft(journal: Journal, closing: unknown): void {
  const left = closing instanceof ScopeCloseError ? closing.left : [messageOf(closing)]
  journal.write({ event: 'teardown', clean: false, left, durationMs: 0 })
}

/** Those of a function are learned when they are made. */
function learnSecrets({ secrets }: RecipeOptions): void {
  if (typeof secrets === 'function') return
  for (const value of Object.values(secrets ?? {})) learnSecret(value)
}
