import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type Docker from 'dockerode'
import { Lifecycle, type Purpose } from '../app/lifecycle.ts'
import { runDomain, stackName } from '../app/names.ts'
import type { Backup } from '../backup/backup.ts'
import { openResticBackup } from '../backup/restic/restic.ts'
import { connectSwarm } from '../docker/connect.ts'
import { hasIpvs } from '../docker/ipvs.ts'
import { LEASE_LABEL, ownerLabels } from '../docker/labels.ts'
import type { DeployEngine, EngineApp, Target } from '../engine/engine.ts'
import { quirksOf } from '../engine/swarm/compose-copies.ts'
import { SwarmEngine } from '../engine/swarm/swarm-engine.ts'
import { messageOf } from '../errors.ts'
import type { PublishedVersion, RecipeCheckout } from '../recipe/checkout.ts'
import type { ComposeView } from '../recipe/compose-view.ts'
import type { EnvOption, RecipeOptions } from '../recipe/options.ts'
import { learnSecret } from '../redact/secrets.ts'
import { pathKind, processesKind, volumeKind } from '../scope/kinds.ts'
import { type Scope, ScopeCloseError } from '../scope/scope.ts'
import { within } from '../scope/within.ts'
import { loadSettings } from '../settings/load.ts'
import type { Settings } from '../settings/schema.ts'
import { type Journal, type JournalEvent, openJournal } from './journal.ts'
import { type Plan, plannedDeployments, startsAtBase } from './plan.ts'
import { preflight } from './preflight.ts'
import { STAGES, type Stage } from './stages.ts'
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
  plan?: Plan | undefined
  /** The stages this run is limited to; all when absent. */
  stages?: readonly Stage[] | undefined
  options: RecipeOptions
  /** Another deploy engine. Default: the built-in one. */
  engine?: EngineFactory | undefined
  /** The mark that the run's programs carry (see `markChildren`); they end with it. */
  mark?: string | undefined
  /** Ends the opening: the wait for another run, the fetching. An open session is ended by {@link Session.close}. */
  signal?: AbortSignal | undefined
}

/** Makes the engine that deploys a run's app. */
export type EngineFactory = (docker: Docker, settings: Settings) => DeployEngine

/** The parts of a session that exist before the app does. */
interface Opened {
  request: SessionRequest
  settings: Settings
  docker: Docker
  turn: Turn
  journal: Journal
  subject: Subject
  engineApp: EngineApp
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
  readonly options: RecipeOptions
  readonly runDir: string
  readonly runId: string
  readonly plan: Plan
  readonly stages: readonly Stage[]
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
  #closing: Promise<void> | undefined
  #keeps = false
  #endedFromOutside = false

  private constructor({ request, settings, docker, turn, journal, subject, engineApp }: Opened) {
    this.settings = settings
    this.docker = docker
    this.scope = turn.scope
    this.journal = journal
    this.options = request.options
    this.runDir = request.runDir
    this.runId = request.runId
    this.plan = request.plan ?? request.options.plan ?? 'full'
    this.stages = request.stages ?? STAGES
    this.target = subject.target
    this.base = subject.base
    this.compose = subject.compose
    this.#turn = turn
    this.#checkout = subject.checkout
    const engine = (request.engine ?? ((...parts) => new SwarmEngine(...parts)))(docker, settings)
    const { scope, options } = this
    this.lifecycle = new Lifecycle({ docker, settings, engine, engineApp, options, scope, journal })
  }

  /**
   * Checks the host, takes the turn at the app's name, removes what a dead run left there, fetches the recipe and finds the
   * version under test and its base. Nothing is deployed yet; whatever was acquired is given back when this fails.
   *
   * @throws {SettingsError | DiskFullError | LeaseHeldError | UnknownRecipeError | UnknownVersionError | ComposeError | …}
   */
  static async open(request: SessionRequest): Promise<Session> {
    const settings = await loadSettings()
    for (const value of Object.values(request.options.secrets ?? {})) learnSecret(value)
    const journal = openJournal(join(request.runDir, RUN_FILES.journal))
    journal.write({ event: 'step', text: 'looking at the host' })
    const docker = await connectSwarm(settings.dockerHost)
    await preflight(docker, settings)
    const { runId, options } = request
    const recipe = recipeName(request.recipe)
    const domain = runDomain({ recipe, pr: request.pr, ref: request.ref }, settings.baseDomain)
    const stack = stackName(domain)
    const { runDir, signal } = request
    const weight = options.weight ?? 1
    const turn = await takeTurn({ docker, settings, stack, recipe, weight, runId, runDir, journal, signal })
    const { scope } = turn
    try {
      if (request.mark) await scope.acquire(processesKind, { mark: request.mark }, async () => {})
      journal.write({ event: 'step', text: `fetching the recipe ${recipe}` })
      const into = join(scope.folder, 'recipes', recipe)
      const subject = await scope.acquire(pathKind, { path: into }, (closing) =>
        findSubject({
          recipe: request.recipe,
          ref: request.ref,
          sources: settings.recipeSources,
          into,
          domain,
          stack,
          env: envOf(options.env, domain),
          signal: signal ? AbortSignal.any([closing, signal]) : closing,
          warn: (text) => journal.write({ event: 'warning', text }),
        }),
      )
      const engineApp: EngineApp = {
        recipe,
        domain,
        stack,
        runId,
        checkout: subject.checkout,
        envFile: join(scope.folder, 'servers', 'default', `${domain}.env`),
        secrets: options.secrets ?? {},
        overlay: options.overlay,
      }
      const session = new Session({ request, settings, docker, turn, journal, subject, engineApp })
      session.#tellSubject(recipe, domain, stack)
      return session
    } catch (error) {
      // What cannot be removed must not hide why it was opened in vain.
      await scope.close().catch((closing: unknown) => tellLeft(journal, closing))
      turn.end()
      throw error
    }
  }

  /** The versions to upgrade from: those named in `recipe.ts`, or the newest published one before the version under test. */
  get bases(): readonly string[] {
    return this.options.upgradeBases ?? (this.base ? [this.base.text] : [])
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
    await this.lifecycle.install(target, this.#envFor(target), purpose)
    this.#app = Promise.resolve()
  }

  /** Upgrades what stands to the version under test. */
  async upgrade(): Promise<void> {
    await this.lifecycle.upgrade(this.target, { ...this.#env(), ...this.#upgradeEnv() })
  }

  /** The backup tool with this run's own repository; the same one each time. */
  backup(): Promise<Backup> {
    this.#backup ??= this.#openBackup()
    return this.#backup
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
      this.#turn.end()
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
      this.#turn.keep(until)
      tell({ event: 'kept', until, url: this.lifecycle.app.url, stack: this.lifecycle.app.stack })
      await within(HELPERS_MS, this.#closeHelpers())
    } finally {
      this.#turn.end()
    }
  }

  /** Ends what works in this process or in containers of ours; the scope finds and removes what this leaves. */
  async #closeHelpers(): Promise<void> {
    await Promise.allSettled([
      this.#backup?.then((backup) => backup.close()),
      this.lifecycle.app.setDeployed(undefined),
      this.lifecycle.app.http.close(),
    ])
  }

  async #openBackup(): Promise<Backup> {
    const { dockerHost, helperImage: image } = this.settings
    const repositoryVolume = `cc-ci-backup-${this.runId}`
    const labels = { ...ownerLabels(this.runId), [LEASE_LABEL]: this.lifecycle.app.stack }
    return await this.scope.acquire(volumeKind, { dockerHost, volume: repositoryVolume }, async () =>
      openResticBackup(this.docker, { image, repositoryVolume, labels }),
    )
  }

  async #first(): Promise<void> {
    const [base] = this.options.notApplicable?.upgrade ? [] : this.bases
    if (base !== undefined && startsAtBase(this.plan, this.stages, true)) {
      await this.install(await this.published(base), 'upgrade base')
    } else {
      await this.install(this.target, 'install')
    }
  }

  #env(): Record<string, string> {
    return envOf(this.options.env, this.lifecycle.app.domain)
  }

  #upgradeEnv(): Record<string, string> {
    return envOf(this.options.upgradeEnv, this.lifecycle.app.domain)
  }

  #envFor(target: Target): Record<string, string> {
    return target.commit === this.target.commit ? { ...this.#env(), ...this.#upgradeEnv() } : this.#env()
  }

  #tellSubject(recipe: string, domain: string, stack: string): void {
    this.journal.write({
      event: 'subject',
      recipe,
      version: this.target.version,
      commit: this.target.commit,
      ref: this.target.ref,
      base: this.base?.text,
      domain,
      stack,
      plan: this.plan,
      quirks: quirksOf({ compose: this.compose, ipvs: hasIpvs(this.settings) }),
      customisation: JSON.parse(JSON.stringify(withoutSecrets(this.options))) as Record<string, unknown>,
    })
  }
}

function tellLeft(journal: Journal, closing: unknown): void {
  const left = closing instanceof ScopeCloseError ? closing.left : [messageOf(closing)]
  journal.write({ event: 'teardown', clean: false, left, durationMs: 0 })
}

/** The record says which secrets were given, not what they are. */
const withoutSecrets = ({ secrets, ...options }: RecipeOptions): RecipeOptions => ({
  ...options,
  ...(secrets ? { secrets: Object.fromEntries(Object.keys(secrets).map((key) => [key, '***'])) } : {}),
})

const envOf = (option: EnvOption | undefined, domain: string): Record<string, string> =>
  typeof option === 'function' ? option(domain) : { ...option }
