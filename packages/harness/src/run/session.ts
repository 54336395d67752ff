import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type Docker from 'dockerode'
import { Lifecycle, type Purpose } from '../app/lifecycle.ts'
import { runDomain, stackName } from '../app/names.ts'
import { describeResidue, residueOf } from '../app/residue.ts'
import { removeStack } from '../app/teardown.ts'
import type { Backup } from '../backup/backup.ts'
import { openResticBackup } from '../backup/restic/restic.ts'
import { connectSwarm } from '../docker/connect.ts'
import { hasIpvs } from '../docker/ipvs.ts'
import type { EngineApp, Target } from '../engine/engine.ts'
import { quirksOf, RUN_LABEL } from '../engine/swarm/compose-copies.ts'
import { SwarmEngine } from '../engine/swarm/swarm-engine.ts'
import { CcciError, messageOf } from '../errors.ts'
import { abraShExports } from '../recipe/abra-sh.ts'
import { backupSpec } from '../recipe/backup-labels.ts'
import { type CheckedOut, cloneRecipe, type PublishedVersion, type RecipeCheckout } from '../recipe/checkout.ts'
import { type ComposeView, readCompose } from '../recipe/compose-view.ts'
import { parseEnv } from '../recipe/env-file.ts'
import { versionLabel } from '../recipe/labels.ts'
import type { EnvOption, RecipeOptions } from '../recipe/options.ts'
import { parseVersion } from '../recipe/version.ts'
import { pathKind, volumeKind } from '../scope/kinds.ts'
import { type Lease, takeLease } from '../scope/lease.ts'
import { Scope, ScopeCloseError } from '../scope/scope.ts'
import { postWarden, type Warden } from '../scope/warden.ts'
import { within } from '../scope/within.ts'
import { loadSettings } from '../settings/load.ts'
import type { Settings } from '../settings/schema.ts'
import { type Journal, type JournalEvent, openJournal } from './journal.ts'
import { type Plan, plannedDeployments, startsAtBase } from './plan.ts'
import { preflight } from './preflight.ts'
import { STAGES, type Stage } from './stages.ts'

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
  /** Ends the opening: the wait for another run, the fetching. An open session is ended by {@link Session.close}. */
  signal?: AbortSignal | undefined
}

/** The parts of a session that exist before the app does. */
interface Opened {
  request: SessionRequest
  settings: Settings
  docker: Docker
  lease: Lease
  warden: Warden
  scope: Scope
  journal: Journal
  checkout: RecipeCheckout
  target: Target
  base: PublishedVersion | undefined
  compose: ComposeView
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
  readonly #lease: Lease
  readonly #warden: Warden
  readonly #checkout: RecipeCheckout
  #app: Promise<void> | undefined
  #backup: Promise<Backup> | undefined
  #closing: Promise<void> | undefined

  private constructor(opened: Opened) {
    const { request, settings, docker, scope, journal, engineApp } = opened
    this.settings = settings
    this.docker = docker
    this.scope = scope
    this.journal = journal
    this.options = request.options
    this.runDir = request.runDir
    this.runId = request.runId
    this.plan = request.plan ?? request.options.plan ?? 'full'
    this.stages = request.stages ?? STAGES
    this.target = opened.target
    this.base = opened.base
    this.compose = opened.compose
    this.#lease = opened.lease
    this.#warden = opened.warden
    this.#checkout = opened.checkout
    const engine = new SwarmEngine(docker, settings)
    this.lifecycle = new Lifecycle({ docker, settings, engine, engineApp, options: request.options, scope, journal })
  }

  /**
   * Checks the host, takes the lease of the app's name, clones the recipe and finds the version under test and its base.
   * Nothing is deployed yet; whatever was acquired is given back when this fails.
   *
   * @throws {SettingsError | UnknownRecipeError | UnknownVersionError | ComposeError | DiskFullError | …}
   */
  static async open(request: SessionRequest): Promise<Session> {
    const settings = await loadSettings()
    const journal = openJournal(join(request.runDir, 'journal.jsonl'))
    const step = (text: string) => journal.write({ event: 'step', text })
    step('looking at the host')
    const docker = await connectSwarm(settings.dockerHost)
    await preflight(docker, settings)
    const recipe = request.recipe.includes('/') ? basename(request.recipe) : request.recipe
    const domain = runDomain({ recipe, pr: request.pr, ref: request.ref }, settings.baseDomain)
    const stack = stackName(domain)
    const { runId } = request
    const folder = join(settings.stateDir, 'leases')
    const timeoutMs = settings.deployTimeout * 1000
    const lease = await takeLease({ folder, name: stack, runId, timeoutMs, signal: request.signal, onWait: step })
    const teardownTimeoutMs = settings.teardownTimeout * 1000
    const scope = new Scope({ folder: join(settings.stateDir, 'scopes', runId), teardownTimeoutMs, onStep: step })
    const signal = AbortSignal.any([scope.signal, ...(request.signal ? [request.signal] : [])])
    const warden = postWarden(
      { runId, folder: scope.folder, teardownTimeoutMs, lease: { folder, name: stack }, journal: journal.file },
      (text) => journal.write({ event: 'warning', text }),
    )
    try {
      await removeLeftovers(docker, stack, journal, teardownTimeoutMs)
      const into = join(scope.folder, 'recipes', recipe)
      step(`fetching the recipe ${recipe}`)
      const sources = settings.recipeSources
      const checkout = await scope.acquire(pathKind, { path: into }, () =>
        cloneRecipe({ recipe: request.recipe, sources, into, signal }),
      )
      if (checkout.uncommitted.length > 0) {
        const text = `not committed, so not tested: ${checkout.uncommitted.join(', ')}`
        journal.write({ event: 'warning', text })
      }
      const checkedOut = await checkout.checkout(request.ref, signal)
      const compose = await sampleCompose(checkout.dir, stack, domain, envOf(request.options.env, domain))
      const target = targetOf(checkedOut, compose, stack)
      const base = checkout.previous(parseVersion(target.version), target.commit)
      for (const version of [target.tag, base]) {
        if (!version || version.annotated) continue
        const text = `the tag ${version.tag} is not annotated: abra refuses to deploy it (lint R014)`
        journal.write({ event: 'warning', text })
      }
      const overlay = request.options.overlay
      const engineApp: EngineApp = {
        recipe,
        domain,
        stack,
        runId,
        checkout,
        envFile: join(scope.folder, 'servers', 'default', `${domain}.env`),
        secrets: request.options.secrets ?? {},
        overlay,
      }
      const taken = { settings, docker, lease, warden, scope, journal }
      const session = new Session({ ...taken, request, checkout, target, base, compose, engineApp })
      session.#tellSubject(recipe, domain, stack)
      return session
    } catch (error) {
      // What cannot be removed must not hide why it was opened in vain.
      await scope.close().catch((closing: unknown) => tellLeft(journal, closing))
      lease.release()
      warden.dismiss()
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

  /**
   * The backup tool with this run's own repository; the same one each time. Making the repository takes seconds, so it is
   * begun with the first deployment when a backup is to come.
   */
  backup(): Promise<Backup> {
    this.#backup ??= this.#openBackup()
    return this.#backup
  }

  /** The published version of that name, ready to be deployed. @throws {UnknownVersionError} */
  async published(version: string): Promise<Target> {
    const checkedOut = await this.#checkout.checkout(version, this.scope.signal)
    return { ...checkedOut, version: checkedOut.tag?.text ?? version }
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
    this.scope.abort()
    try {
      await within(HELPERS_MS, this.#closeHelpers())
      await this.scope.close()
      end([])
    } catch (error) {
      end(error instanceof ScopeCloseError ? error.left : [messageOf(error)])
      throw error
    } finally {
      this.#lease.release()
      this.#warden.dismiss()
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
    const labels = { [RUN_LABEL]: this.runId }
    return await this.scope.acquire(volumeKind, { dockerHost, volume: repositoryVolume }, async () =>
      openResticBackup(this.docker, { image, repositoryVolume, labels }),
    )
  }

  async #first(): Promise<void> {
    if (this.stages.includes('backup') && backupSpec(this.compose)) this.backup().catch(() => {})
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
      customisation: JSON.parse(JSON.stringify(this.options)) as Record<string, unknown>,
    })
  }
}

function tellLeft(journal: Journal, closing: unknown): void {
  const left = closing instanceof ScopeCloseError ? closing.left : [messageOf(closing)]
  journal.write({ event: 'teardown', clean: false, left, durationMs: 0 })
}

/** What an earlier run left under this name: its owner is gone, since the lease is ours. */
async function removeLeftovers(docker: Docker, stack: string, journal: Journal, timeoutMs: number): Promise<void> {
  const left = describeResidue(await residueOf(docker, stack))
  if (left.length === 0) return
  journal.write({ event: 'warning', text: `an earlier run left this behind, removed now: ${left.join(', ')}` })
  await removeStack(docker, stack, { timeoutMs })
}

const envOf = (option: EnvOption | undefined, domain: string): Record<string, string> =>
  typeof option === 'function' ? option(domain) : { ...option }

async function sampleCompose(
  dir: string,
  stack: string,
  domain: string,
  changes: Record<string, string>,
): Promise<ComposeView> {
  const read = async (name: string) => (existsSync(join(dir, name)) ? await readFile(join(dir, name), 'utf8') : '')
  const env = {
    ...parseEnv(await read('.env.sample')).values,
    ...changes,
    ...abraShExports(await read('abra.sh')),
    DOMAIN: domain,
    STACK_NAME: stack,
  }
  return await readCompose({ dir, env, stack })
}

function targetOf(checkedOut: CheckedOut, compose: ComposeView, stack: string): Target {
  return { ...checkedOut, version: checkedOut.tag?.text ?? versionLabel(compose, stack) ?? '' }
}

/** Whose fault an error is: the recipe's, the infrastructure's, or the caller's; unknown ones are the test's own. */
export function blameOf(error: unknown): 'recipe' | 'infrastructure' | 'usage' | undefined {
  return error instanceof CcciError ? error.blame : undefined
}
