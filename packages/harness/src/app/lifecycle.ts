import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type Docker from 'dockerode'
import { converge } from '../docker/converge.ts'
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
import type { Probe } from './probe.ts'
import { awaitReady } from './ready.ts'
import { removeStack } from './teardown.ts'

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
    if (this.#acquired) await this.wipe()
    this.deployments += 1
    journal.write({ event: 'deployment', number: this.deployments, purpose, version: target.version })
    const started = performance.now()
    this.probes.length = 0
    if (engineApp.checkout.at !== target.commit) await engineApp.checkout.checkout(target.commit, scope.signal)
    learnVariables(changes)
    await this.#bounded('create', () => engine.create(engineApp, target, changes))
    const up = () => this.#bounded('deploy', (signal) => engine.deploy(engineApp, target, signal))
    const deployed = this.#acquired
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
    const upgrading = (signal: AbortSignal) => engine.upgrade(engineApp, target, changes, signal)
    const deployed = await this.#bounded('upgrade', upgrading)
    await this.#settle(target, deployed)
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

  /** Removes the app with all its data; the next `install` starts from nothing. */
  async wipe(): Promise<void> {
    const { docker, engineApp, settings, journal } = this.#parts
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
    const up = new AbortController()
    const services = converge(docker, stack, { timeoutMs: deployMs, signal, onProgress }).then(() => up.abort())
    const asked = {
      stack,
      http: this.app.http,
      path: options.health?.path ?? '/',
      statuses: options.health?.statuses ?? [200, 301, 302],
      timeoutMs: deployMs + httpMs,
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
    // What answered may have been the version before, on its way out.
    await awaitReady(docker, { ...asked, signal: scope.signal, onProgress })
    // The app may answer while a service beside it, without a healthcheck, has just died.
    await converge(docker, stack, { timeoutMs: deployMs, signal: scope.signal })
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
    await this.awaitReady()
    const { env, compose } = await loadRecipe(engineApp)
    learnVariables(env)
    await this.#checkVersion(target)
    await this.app.setDeployed({ version: target.version, commit: target.commit, env, compose })
  }

  async #checkVersion(target: Target): Promise<void> {
    const { labels } = await this.app.service('app')
    const prefix = `coop-cloud.${this.app.stack}`
    const version = labels[`${prefix}.version`] ?? ''
    const chaos = labels[`${prefix}.chaos-version`]
    const published = version === target.version && labels[`${prefix}.chaos`] !== 'true'
    const right = target.tag ? published : chaos?.slice(0, 8) === target.commit.slice(0, 8)
    if (right) return
    throw new WrongVersionError({
      happened: `${this.app.recipe} ${target.version} at ${target.commit.slice(0, 8)} was deployed, and something else runs.`,
      lastSeen: `label version "${version}", chaos-version "${chaos ?? ''}"`,
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
