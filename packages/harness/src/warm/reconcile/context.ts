import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Alert, AlertDraft, VersionAt } from '../../alert/alert.ts'
import { clearAlerts, raiseAlert } from '../../alert/store.ts'
import { keepEvidence } from '../../app/evidence.ts'
import { stopStack } from '../../app/teardown.ts'
import type { EngineApp, Target } from '../../engine/engine.ts'
import { copiesIn } from '../../engine/swarm/compose-copies.ts'
import { CcciError, messageOf } from '../../errors.ts'
import type { PublishedVersion, RecipeCheckout } from '../../recipe/checkout.ts'
import { secrets } from '../../redact/secrets.ts'
import { openJournal } from '../../run/journal.ts'
import type { SnapshotTarget } from '../../snapshot/volumes.ts'
import { Deployment } from '../deployment.ts'
import type { ReconcileRequest } from './request.ts'

/** The tests of a shared app found it ailing. */
export class UnhealthyError extends CcciError {}

/** So many folders of evidence are kept of each shared app. */
const EVIDENCE_KEPT = 5

/** One shared app while it is reconciled: what is done to it, in words of this room. */
export class Reconciling implements AsyncDisposable {
  readonly request: ReconcileRequest
  /** `<state directory>/warm/<recipe>`. */
  readonly folder: string
  readonly checkout: RecipeCheckout
  readonly deployment: Deployment
  readonly alerts: string[] = []

  constructor(request: ReconcileRequest, folder: string, app: EngineApp) {
    const { docker, settings, engine, onStep } = request
    const { health, timeouts, env } = request.app
    this.request = request
    this.folder = folder
    this.checkout = app.checkout
    this.deployment = new Deployment({ docker, settings, engine, app, health, timeouts, env, onStep })
  }

  get stack(): string {
    return this.deployment.app.stack
  }

  get latest(): PublishedVersion | undefined {
    return this.checkout.published.at(-1)
  }

  /** What the labels say that runs, and its commit where it is a published version. */
  async running(): Promise<{ version: string; commit: string | undefined } | undefined> {
    const labels = await this.deployment.labels()
    if (!labels) return undefined
    const published = labels.chaos ? undefined : this.checkout.published.find(({ text }) => text === labels.version)
    return {
      version: labels.chaos ? `${labels.version} (${labels.chaosVersion})` : labels.version,
      commit: published?.commit,
    }
  }

  /** Checks a version out. */
  async target({ version, commit }: VersionAt): Promise<Target> {
    const at = await this.checkout.checkout(commit, this.request.signal)
    const tag = this.checkout.published.find((one) => one.commit === commit && one.text === version) ?? at.tag
    return { ...at, tag, version }
  }

  /**
   * Deploys a version, waits until it is ready, and asks its tests.
   *
   * @throws {UnhealthyError} and what {@link Deployment.deploy} and the gate throw.
   */
  async bringUp(version: VersionAt, signal?: AbortSignal): Promise<void> {
    const target = await this.target(version)
    await this.deployment.deploy(target, signal)
    await this.askHealth(version, signal)
  }

  /** @throws {UnhealthyError} and what the gate throws. */
  async askHealth(version: VersionAt, signal?: AbortSignal): Promise<void> {
    const { gate, onStep, app } = this.request
    const { recipe, domain } = app
    onStep?.(`asking ${recipe} ${version.version} whether it is well`)
    const deployed = await this.deployment.state(await this.target(version))
    const verdict = await gate({ recipe, domain, url: this.deployment.url, stack: this.stack, deployed }, signal)
    if (verdict.healthy) return
    throw new UnhealthyError({
      happened: `${recipe} ${version.version} is up, and its tests find it ailing.`,
      lastSeen: verdict.text,
    })
  }

  /** Takes its services away; data and secrets stay. Its containers may end by themselves: databases are in there. */
  async stop(): Promise<void> {
    const { docker, settings, onStep } = this.request
    await stopStack(docker, this.stack, { timeoutMs: settings.teardownTimeout * 1000, graceful: true, onStep })
  }

  /**
   * Removes the configs that no service uses: what a failed version has left would stand in the way of its mended successor,
   * since a config cannot be changed. The engine itself refuses those that are in use.
   */
  async dropConfigs(): Promise<void> {
    const { docker } = this.request
    const ours = (await docker.listConfigs()).filter(({ Spec }) => Spec?.Name?.startsWith(`${this.stack}_`))
    await Promise.allSettled(ours.map(({ ID }) => docker.getConfig(ID).remove()))
  }

  get snapshot(): SnapshotTarget {
    const { docker, settings, app } = this.request
    const { helperImage, stateDir } = settings
    return { docker, helperImage, stateDir, recipe: app.recipe, stack: this.stack }
  }

  /** How long work on the snapshot may take, in milliseconds. */
  get snapshotMs(): number {
    return (this.request.app.timeouts?.deploy ?? this.request.settings.deployTimeout) * 1000
  }

  /** Raises an alert, unless the same stands already. */
  raise(draft: Omit<AlertDraft, 'subject'>): Alert {
    const { settings, app, onStep } = this.request
    const { alert, fresh } = raiseAlert(settings.stateDir, { subject: app.recipe, ...draft })
    if (fresh) {
      this.alerts.push(alert.id)
      onStep?.(`alert: ${alert.title}`)
    }
    return alert
  }

  /** What these alerts spoke of is over. */
  clear(...causes: string[]): void {
    clearAlerts(this.request.settings.stateDir, this.request.app.recipe, causes)
  }

  /** Keeps what tells why it failed, while it is still there; never fails itself. @returns the folder. */
  async keepEvidence(error: unknown): Promise<string | undefined> {
    const { docker } = this.request
    const all = join(this.folder, 'evidence')
    const runDir = join(all, new Date().toISOString().replaceAll(/[-:]|\.\d+/g, ''))
    try {
      mkdirSync(runDir, { recursive: true, mode: 0o700 })
      writeFileSync(join(runDir, 'error.txt'), `${secrets.text(messageOf(error))}\n`)
      await keepEvidence({
        docker,
        stack: this.stack,
        runDir,
        stage: 'install',
        probes: this.deployment.probes,
        envFile: this.deployment.app.envFile,
        composeFiles: copiesIn(this.checkout.dir),
        journal: openJournal(join(runDir, 'journal.jsonl')),
      })
      for (const name of readdirSync(all).sort().slice(0, -EVIDENCE_KEPT)) rmSync(join(all, name), { recursive: true })
      return runDir
    } catch {
      return undefined
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.deployment[Symbol.asyncDispose]()
  }
}
