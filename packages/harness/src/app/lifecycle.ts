import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type Docker from 'dockerode'
import { converge } from '../docker/converge.ts'
import type { ServiceView } from '../docker/stack-view.ts'
import type { DeployEngine, Deployed, EngineApp, Target } from '../engine/engine.ts'
import { copiesIn } from '../engine/swarm/compose-copies.ts'
import { loadRecipe } from '../engine/swarm/swarm-engine.ts'
import { CcciError, RecipeError } from '../errors.ts'
import type { RecipeOptions } from '../recipe/options.ts'
import { learnVariables } from '../redact/secrets.ts'
import type { Journal } from '../run/journal.ts'
import { stackKind } from '../scope/kinds.ts'
import type { Scope } from '../scope/scope.ts'
import type { Settings } from '../settings/schema.ts'
import { App } from './app.ts'
import { watchDowntime } from './downtime.ts'
import type { AppHttp } from './http.ts'
import type { Probe } from './probe.ts'
import { awaitReady } from './ready.ts'
import { removeStack } from './teardown.ts'
import { runsTarget, versionLabels } from './version-labels.ts'

/** What runs after a deployment is not the version that was to be deployed. */
export class WrongVersionError extends RecipeError {}

/** The deploy engine did not come back in time. */
export class EngineHangsError extends CcciError {}

/** An upgrade left version and commit as they were. */
export class NothingUpgradedError extends RecipeError {}

export interface LifecycleParts {
  docker: Docker
  settings: Settings
  engine: DeployEngine
  engineApp: EngineApp
  options: RecipeOptions
  scope: Scope
  journal: Journal
  /** The app outlives the run: its stack is not the scope's, and whoever asks for the lifecycle puts it back. */
  kept?: boolean | undefined
}

/** How long an engine may take to heed an abort (ms): twice what a program gets before it is killed. */
const HEED_MS = 5_000

export type Purpose = 'install' | 'upgrade base' | 'restore'

/** Deploys, upgrades and wipes the one app of a run, and counts. */
export class Lifecycle {
  readonly app: App
  /** Every look at the app over HTTP since it was last deployed, for the evidence. */
  readonly probes: Probe[] = []
  /** How often the app was deployed afresh. */
  deployments = 0
  readonly #parts: LifecycleParts
  #acquired = false
  /** Services that an upgrade has left behind: they go on running, and say nothing of the app. */
  #dropped: readonly string[] = []

  constructor(parts: LifecycleParts) {
    this.#parts = parts
    const { docker, settings, engineApp, scope } = parts
    const { recipe, domain, stack, runId } = engineApp
    this.app = new App({ docker, settings, recipe, domain, stack, runId, signal: scope.signal })
  }

  /** The app's `.env`. */
  get envFile(): string {
    return this.#parts.engineApp.envFile
  }

  /** The compose files as they were handed to swarm, absolute; the recipe's own when an engine makes no copies. */
  composeFiles(): string[] {
    const { dir } = this.#parts.engineApp.checkout
    const copies = copiesIn(dir)
    if (copies.length > 0 || !existsSync(dir)) return copies
    return readdirSync(dir)
      .filter((name) => /^compose.*\.ya?ml$/.test(name))
      .map((name) => join(dir, name))
  }

  /** Deploys a version afresh (what was there, data and all, is removed first) and waits until it is ready. */
  async install(target: Target, changes: Record<string, string>, purpose: Purpose): Promise<void> {
    await this.#parts.scope.during(() => this.#install(target, changes, purpose))
  }

  async #install(target: Target, changes: Record<string, string>, purpose: Purpose): Promise<void> {
    const { engine, engineApp, scope, journal, settings } = this.#parts
    if (this.#acquired || this.#parts.kept) await this.wipe()
    this.deployments += 1
    journal.write({ event: 'deployment', number: this.deployments, purpose, version: target.version })
    const started = performance.now()
    this.probes.length = 0
    if (engineApp.checkout.at !== target.commit) await engineApp.checkout.checkout(target.commit, scope.signal)
    learnVariables(changes)
    await this.#bounded('create', (signal) => engine.create(engineApp, target, changes, signal))
    const up = () => this.#bounded('deploy', (signal) => engine.deploy(engineApp, target, signal))
    const ours = this.#acquired || this.#parts.kept
    if (this.#parts.kept) this.#acquired = true
    const deployed = ours
      ? await up()
      : await scope.acquire(stackKind, { dockerHost: settings.dockerHost, stack: engineApp.stack }, () => {
          this.#acquired = true
          return up()
        })
    await this.#settle(target, deployed)
    journal.write({
      event: 'done',
      text: `${purpose}: ${engineApp.recipe} ${target.version} is ready at ${this.app.url}`,
      durationMs: performance.now() - started,
    })
  }

  /**
   * Deploys a version over the data and the `.env` that are there, and waits until it is ready. Not counted: nothing is
   * installed.
   */
  async attach(target: Target): Promise<void> {
    await this.#parts.scope.during(() => this.#attach(target))
  }

  async #attach(target: Target): Promise<void> {
    const { engine, engineApp, scope, journal } = this.#parts
    const started = performance.now()
    this.probes.length = 0
    if (engineApp.checkout.at !== target.commit) await engineApp.checkout.checkout(target.commit, scope.signal)
    this.#acquired = true
    await this.#settle(target, await this.#bounded('deploy', (signal) => engine.deploy(engineApp, target, signal)))
    journal.write({
      event: 'done',
      text: `${engineApp.recipe} ${target.version} with its data is ready at ${this.app.url}`,
      durationMs: performance.now() - started,
    })
  }

  /** Whether something was deployed here, or was begun to be. */
  get begun(): boolean {
    return this.#acquired
  }

  /**
   * Upgrades the running app in place and waits until the new version is ready.
   *
   * @throws {NothingUpgradedError} when version and commit are what they were; {WrongVersionError}; what `converge` and
   *   `awaitReady` throw, {UpdateRolledBackError} among it.
   */
  async upgrade(target: Target, changes: Record<string, string>): Promise<void> {
    await this.#parts.scope.during(() => this.#upgrade(target, changes))
  }

  async #upgrade(target: Target, changes: Record<string, string>): Promise<void> {
    const { engine, engineApp, scope, journal } = this.#parts
    const { version, commit } = this.app.deployed
    const started = performance.now()
    this.probes.length = 0
    if (engineApp.checkout.at !== target.commit) await engineApp.checkout.checkout(target.commit, scope.signal)
    const before = await this.app.services()
    const { http, path, statuses } = this.#health()
    const watch = watchDowntime({ http, path, statuses, signal: scope.signal })
    let completed = false
    try {
      const upgrading = (signal: AbortSignal) => engine.upgrade(engineApp, target, changes, signal)
      const deployed = await this.#bounded('upgrade', upgrading)
      await this.#findDropped(before, target)
      await this.#settle(target, deployed)
      completed = target.commit !== commit
    } finally {
      const downtime = await watch.stop()
      const to = target.version
      journal.write({ event: 'upgrade', from: version, to, completed, dropped: [...this.#dropped], ...downtime })
    }
    if (target.commit === commit) {
      throw new NothingUpgradedError({
        happened: `The upgrade of ${engineApp.recipe} changed nothing: before and after it runs ${version} at ${commit.slice(0, 8)}.`,
        todo: 'Name another base version, or declare the upgrade not applicable with its reason in recipe.ts.',
      })
    }
    journal.write({
      event: 'done',
      text: `upgraded ${engineApp.recipe} ${version} → ${target.version}`,
      durationMs: performance.now() - started,
    })
  }

  /** Neither engine removes what a version no longer has: `docker stack deploy` and abra do not prune. */
  async #findDropped(before: readonly ServiceView[], target: Target): Promise<void> {
    const { compose } = await loadRecipe(this.#parts.engineApp)
    this.#dropped = before.map(({ name }) => name).filter((name) => !Object.hasOwn(compose.services, name))
    if (this.#dropped.length === 0) return
    const text = `${target.version} has no service ${this.#dropped.join(', ')} any more, and an upgrade removes none: what the version before had goes on running beside the app`
    this.#parts.journal.write({ event: 'warning', text })
  }

  /** Removes the app with all its data; the next `install` starts from nothing. */
  async wipe(): Promise<void> {
    const { docker, engineApp, settings, journal } = this.#parts
    this.#dropped = []
    await this.app.setDeployed(undefined)
    await removeStack(docker, engineApp.stack, {
      timeoutMs: settings.teardownTimeout * 1000,
      onStep: (text) => journal.write({ event: 'step', text }),
    })
  }

  /**
   * Waits until every service is up and the app answers, after a deployment or a restore. Both are watched from the start:
   * an answer may come the moment the last service is up.
   */
  async awaitReady(): Promise<void> {
    const { docker, settings, options, journal, scope, engineApp } = this.#parts
    const { stack } = engineApp
    const onProgress = (text: string) => journal.write({ event: 'step', text })
    const deployMs = (options.timeouts?.deploy ?? settings.deployTimeout) * 1000
    const httpMs = (options.timeouts?.http ?? settings.httpTimeout) * 1000
    const failed = new AbortController()
    const signal = AbortSignal.any([scope.signal, failed.signal])
    const except = this.#dropped
    const up = new AbortController()
    const watched = { timeoutMs: deployMs, signal, onProgress, except }
    const services = converge(docker, stack, watched).then(() => up.abort())
    const asked = {
      stack,
      ...this.#health(),
      timeoutMs: deployMs + httpMs,
      since: performance.now(),
      except,
      settleMs: (options.timeouts?.settle ?? settings.settleTime) * 1000,
      history: this.probes,
    }
    const tell = (text: string) => up.signal.aborted && onProgress(text)
    const answers = awaitReady(docker, { ...asked, signal, due: up.signal, onProgress: tell })
    try {
      await Promise.all([services, answers])
    } finally {
      failed.abort()
      await Promise.allSettled([services, answers])
    }
    // What answered may have been the version before, on its way out. The recipe's own probe is for the new one alone.
    const { ready } = options
    const own = ready && (() => ready(this.app))
    await awaitReady(docker, { ...asked, ready: own, signal: scope.signal, onProgress })
    // The app may answer while a service beside it, without a healthcheck, has just died.
    await converge(docker, stack, { timeoutMs: deployMs, signal: scope.signal, except })
  }

  /** What tells whether the app is well. */
  #health(): { http: AppHttp; path: string; statuses: readonly number[] } {
    const { health } = this.#parts.options
    return { http: this.app.http, path: health?.path ?? '/', statuses: health?.statuses ?? [200, 301, 302] }
  }

  /** The engine's own clock: as long as a deployment may take. One that does not heed it is left behind. */
  async #bounded<Value>(what: string, work: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
    const { engine, engineApp, scope, settings, options } = this.#parts
    const seconds = options.timeouts?.deploy ?? settings.deployTimeout
    const clock = new AbortController()
    const hangs = new EngineHangsError({
      happened: `The engine "${engine.name}" did not ${what} ${engineApp.stack} within ${seconds} s.`,
      todo: 'Does the Docker engine answer? A longer time: CCCI_DEPLOY_TIMEOUT, or timeouts.deploy in recipe.ts.',
    })
    const timer = setTimeout(() => clock.abort(hangs), seconds * 1000)
    const signal = AbortSignal.any([scope.signal, clock.signal])
    const deaf = new AbortController()
    try {
      return await Promise.race([work(signal), afterAbort(signal, HEED_MS, deaf.signal)])
    } catch (error) {
      throw clock.signal.aborted ? hangs : error
    } finally {
      clearTimeout(timer)
      deaf.abort()
    }
  }

  async #settle(target: Target, deployed: Deployed): Promise<void> {
    const { engineApp, journal } = this.#parts
    for (const text of deployed.warnings) journal.write({ event: 'warning', text })
    const { env, compose } = await loadRecipe(engineApp)
    learnVariables(env)
    // The recipe's own probe is asked while the app is waited for, and sees the app as a test does.
    const before = this.app.state
    await this.app.setDeployed({ version: target.version, commit: target.commit, env, compose })
    try {
      await this.awaitReady()
      await this.#checkVersion(target, deployed.chaosVersion)
    } catch (error) {
      await this.app.setDeployed(before)
      throw error
    }
  }

  async #checkVersion(target: Target, chaosVersion: string | undefined): Promise<void> {
    const { labels } = await this.app.service('app')
    const seen = versionLabels(labels, this.app.stack)
    if (runsTarget(seen, target, chaosVersion)) return
    throw new WrongVersionError({
      happened: `${this.app.recipe} ${target.version} at ${target.commit.slice(0, 8)} was deployed, and something else runs.`,
      lastSeen: `label version "${seen.version}", chaos-version "${seen.chaosVersion}"`,
      todo: 'Was the update rolled back, or did somebody else deploy to this stack?',
    })
  }
}

/** Rejects some time after the signal's abort, so that nobody waits for work that does not heed it. */
async function afterAbort(signal: AbortSignal, graceMs: number, cancel: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort', { signal: cancel })
  await pause(graceMs, undefined, { signal: cancel })
  throw signal.reason
}
