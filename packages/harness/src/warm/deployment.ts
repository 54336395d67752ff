import { existsSync } from 'node:fs'
import type Docker from 'dockerode'
import type { DeployedState } from '../app/app.ts'
import { AppHttp } from '../app/http.ts'
import { WrongVersionError } from '../app/lifecycle.ts'
import type { Probe } from '../app/probe.ts'
import { awaitReady } from '../app/ready.ts'
import { runsTarget, type VersionLabels, versionLabels } from '../app/version-labels.ts'
import { converge } from '../docker/converge.ts'
import { type ServiceView, stackView } from '../docker/stack-view.ts'
import type { DeployEngine, EngineApp, Target } from '../engine/engine.ts'
import { loadRecipe } from '../engine/swarm/swarm-engine.ts'
import { messageOf } from '../errors.ts'
import { learnVariables } from '../redact/secrets.ts'
import type { Settings } from '../settings/schema.ts'

/** What tells health: a path, and the statuses that it answers with. */
export interface SharedAppHealth {
  path: string
  statuses: readonly number[]
}

export interface DeploymentParts {
  docker: Docker
  settings: Settings
  engine: DeployEngine
  app: EngineApp
  health: SharedAppHealth
  /** Seconds; each replaces the host's setting. */
  timeouts?: { deploy?: number | undefined; http?: number | undefined; settle?: number | undefined } | undefined
  /** Variables on top of `.env.sample`. */
  env?: Record<string, string> | undefined
  onStep?: ((text: string) => void) | undefined
}

/** A shared app in Docker: what runs of it, and how a version of it is brought up. */
export class Deployment implements AsyncDisposable {
  readonly app: EngineApp
  readonly url: string
  /** The looks at it over HTTP since a version was last deployed. */
  readonly probes: Probe[] = []
  readonly #parts: DeploymentParts
  readonly #http: AppHttp

  constructor(parts: DeploymentParts) {
    const { proxyAddress, caFile } = parts.settings
    this.#parts = parts
    this.app = parts.app
    this.url = `https://${parts.app.domain}`
    this.#http = new AppHttp({ origin: this.url, proxyAddress, caFile })
  }

  services(): Promise<ServiceView[]> {
    return stackView(this.#parts.docker, this.app.stack)
  }

  /** What the labels of its service `app` say; `undefined` when no such service is there. */
  async labels(): Promise<VersionLabels | undefined> {
    const app = (await this.services()).find(({ name }) => name === 'app')
    return app && versionLabels(app.labels, this.app.stack)
  }

  /**
   * What is wrong with it; `undefined` when all services are up and it answers. One that is on its way, or busy, is given its
   * time; one that is not there is not waited for.
   */
  async ailment(signal?: AbortSignal): Promise<string | undefined> {
    if ((await this.services()).length === 0) return 'it is not deployed'
    try {
      await this.#awaitWell(signal)
      return undefined
    } catch (error) {
      signal?.throwIfAborted()
      return messageOf(error)
    }
  }

  /** Whether all services of a version are there, whatever their state. */
  async isWhole(target: Target): Promise<boolean> {
    const { compose } = await this.state(target)
    const there = new Set((await this.services()).map(({ name }) => name))
    return Object.keys(compose.services).every((name) => there.has(name))
  }

  /** Whether swarm has given up on an update: it says so until the service is gone. */
  async isStuck(): Promise<boolean> {
    return (await this.services()).some(({ updateState = '' }) => /^(rollback|paused)/.test(updateState))
  }

  /**
   * Brings a version up, whatever runs, and waits until all services are up and it answers. Its `.env` is made when there is
   * none, secrets where they are missing.
   *
   * @throws {WrongVersionError} and what engines, `converge` and `awaitReady` throw.
   */
  async deploy(target: Target, signal?: AbortSignal): Promise<void> {
    const { engine, env = {}, onStep } = this.#parts
    const { app } = this
    const clock = AbortSignal.timeout(this.#deployMs)
    const bounded = signal ? AbortSignal.any([signal, clock]) : clock
    this.probes.length = 0
    if (app.checkout.at !== target.commit) await app.checkout.checkout(target.commit, signal)
    onStep?.(`deploying ${app.recipe} ${target.version}`)
    learnVariables(env)
    const isNew = !existsSync(app.envFile)
    if (isNew) await engine.create(app, target, env, bounded)
    const { chaosVersion } = isNew
      ? await engine.deploy(app, target, bounded)
      : await engine.upgrade(app, target, env, bounded)
    await this.#awaitWell(signal)
    const labels = await this.labels()
    if (labels && runsTarget(labels, target, chaosVersion)) return
    throw new WrongVersionError({
      happened: `${app.recipe} ${target.version} at ${target.commit.slice(0, 8)} was deployed, and something else runs.`,
      lastSeen: `label version "${labels?.version ?? ''}", chaos-version "${labels?.chaosVersion ?? ''}"`,
      todo: 'Was the update rolled back, or did somebody else deploy to this stack?',
    })
  }

  async #awaitWell(signal?: AbortSignal): Promise<void> {
    const { docker, settings, health, timeouts, onStep } = this.#parts
    const { stack } = this.app
    const timeoutMs = this.#deployMs
    await converge(docker, stack, { timeoutMs, signal, ...(onStep ? { onProgress: onStep } : {}) })
    await awaitReady(docker, {
      stack,
      http: this.#http,
      ...health,
      timeoutMs: (timeouts?.http ?? settings.httpTimeout) * 1000,
      settleMs: (timeouts?.settle ?? settings.settleTime) * 1000,
      history: this.probes,
      signal,
      onProgress: onStep,
    })
    // What answered may have been the version before, on its way out.
    await converge(docker, stack, { timeoutMs, signal })
  }

  get #deployMs(): number {
    return (this.#parts.timeouts?.deploy ?? this.#parts.settings.deployTimeout) * 1000
  }

  /** What tests are told of it, with this version checked out. */
  async state(target: Target): Promise<DeployedState> {
    const { checkout, envFile } = this.app
    if (checkout.at !== target.commit) await checkout.checkout(target.commit)
    // One that somebody else has deployed is taken on without its `.env`.
    if (!existsSync(envFile)) await this.#parts.engine.create(this.app, target, this.#parts.env ?? {})
    const { env, compose } = await loadRecipe(this.app)
    learnVariables(env)
    return { version: target.version, commit: target.commit, env, compose }
  }

  /** Removes the services that a version does not have: neither engine does when it upgrades. */
  async removeDropped(target: Target): Promise<void> {
    const { compose } = await this.state(target)
    const dropped = (await this.services()).filter(({ name }) => !Object.hasOwn(compose.services, name))
    for (const { id } of dropped) await this.#parts.docker.getService(id).remove()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http.close()
  }
}
