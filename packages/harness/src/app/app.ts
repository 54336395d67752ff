import type Docker from 'dockerode'
import { type ExecOptions, type ExecResult, execIn } from '../docker/exec.ts'
import { type Helper, openHelper } from '../docker/helper.ts'
import { HELPER_LABEL, ownerLabels } from '../docker/labels.ts'
import { serviceLogs } from '../docker/logs.ts'
import { type ServiceView, stackView } from '../docker/stack-view.ts'
import { type VolumeFiles, volumeFiles } from '../docker/volume-files.ts'
import { RecipeError, UsageError } from '../errors.ts'
import type { ComposeView } from '../recipe/compose-view.ts'
import type { Settings } from '../settings/schema.ts'
import { AppHttp } from './http.ts'

/** A test asked for a service or volume that the recipe does not have. */
export class NoSuchPartError extends UsageError {}

/** A service has no running container to run a command in. */
export class NotRunningError extends RecipeError {}

/** What is deployed at the moment. */
export interface DeployedState {
  version: string
  commit: string
  env: Readonly<Record<string, string>>
  compose: ComposeView
}

export interface AppParts {
  docker: Docker
  settings: Settings
  recipe: string
  domain: string
  stack: string
  runId: string
  /** Aborts whatever the app is doing. */
  signal: AbortSignal
}

/** The app under test, as a test sees it: deployed for real at its own domain, and ready. */
export class App {
  readonly recipe: string
  readonly domain: string
  readonly stack: string
  /** `https://<domain>` */
  readonly url: string
  /** Talks to the app through the reverse proxy, at its canonical URL. */
  readonly http: AppHttp
  readonly #parts: AppParts
  #deployed: DeployedState | undefined
  #helper: Promise<{ helper: Helper; volumes: string[] }> | undefined

  constructor(parts: AppParts) {
    this.#parts = parts
    this.recipe = parts.recipe
    this.domain = parts.domain
    this.stack = parts.stack
    this.url = `https://${parts.domain}`
    this.http = new AppHttp({
      origin: this.url,
      proxyAddress: parts.settings.proxyAddress,
      caFile: parts.settings.caFile,
    })
  }

  /** The recipe version that is deployed now, such as `1.2.0+3.4`. */
  get version(): string {
    return this.deployed.version
  }

  /** The commit of the recipe that is deployed now. */
  get commit(): string {
    return this.deployed.commit
  }

  /** The variables that the deployed version was given. */
  get env(): Readonly<Record<string, string>> {
    return this.deployed.env
  }

  /** @throws {UsageError} while nothing is deployed. */
  get deployed(): DeployedState {
    if (this.#deployed) return this.#deployed
    throw new UsageError({
      happened: `${this.recipe} is not deployed at the moment.`,
      todo: 'Ask for the fixture deployedApp first.',
    })
  }

  /** What is deployed, if anything is. */
  get state(): DeployedState | undefined {
    return this.#deployed
  }

  /** For the lifecycle: what has just been deployed, or nothing after a removal. */
  async setDeployed(state: DeployedState | undefined): Promise<void> {
    const helper = this.#helper
    this.#helper = undefined
    this.#deployed = state
    await (await helper?.catch(() => undefined))?.helper.close()
  }

  /** The services as swarm sees them now. */
  services(): Promise<ServiceView[]> {
    return stackView(this.#parts.docker, this.stack)
  }

  /** One service, by its name in the compose file. @throws {NoSuchPartError} */
  async service(name: string): Promise<ServiceView> {
    const services = await this.services()
    const found = services.find((service) => service.name === name)
    if (found) return found
    throw new NoSuchPartError({
      happened: `${this.recipe} has no service "${name}".`,
      todo: `It has: ${services.map((service) => service.name).join(', ')}.`,
    })
  }

  /**
   * Runs a command in a service's running container; text is given to `sh -c`. Any exit code is an answer.
   *
   * @throws {NoSuchPartError | NotRunningError | ExecTimeoutError}
   */
  async exec(service: string, command: string | string[], options: ExecOptions = {}): Promise<ExecResult> {
    const view = await this.service(service)
    const task = view.tasks.filter((one) => one.state === 'running' && one.containerId).at(-1)
    if (!task?.containerId) {
      throw new NotRunningError({
        happened: `The service "${service}" of ${this.recipe} has no running container.`,
        lastSeen: view.tasks.map((one) => `${one.state} ${one.error}`.trim()).join('\n'),
      })
    }
    const argv = typeof command === 'string' ? ['sh', '-c', command] : command
    return await execIn(this.#parts.docker, task.containerId, argv, { signal: this.#parts.signal, ...options })
  }

  /** The last lines that a service printed. */
  async logs(service = 'app', tail = 100): Promise<string> {
    return await serviceLogs(this.#parts.docker, await this.service(service), tail)
  }

  /**
   * The files of one of the app's volumes, by its name in the compose file; needs nothing in the app's image.
   *
   * @throws {NoSuchPartError}
   */
  async volume(key: string): Promise<VolumeFiles> {
    const { volumes } = this.deployed.compose
    const volume = volumes[key]
    if (!volume) {
      throw new NoSuchPartError({
        happened: `${this.recipe} has no volume "${key}".`,
        todo: `It has: ${Object.keys(volumes).join(', ') || 'none'}.`,
      })
    }
    this.#helper ??= this.#openHelper()
    const { helper, volumes: reached } = await this.#helper
    if (reached.includes(volume.name)) return volumeFiles(helper, `/volumes/${volume.name}`)
    throw new NoSuchPartError({
      happened: `The volume "${key}" of ${this.recipe} was never made: no service that runs has mounted it.`,
      todo: 'Ask for a volume that a running service mounts.',
    })
  }

  async #openHelper(): Promise<{ helper: Helper; volumes: string[] }> {
    const { docker, settings, runId } = this.#parts
    const names = Object.values(this.deployed.compose.volumes).map((volume) => volume.name)
    const { Volumes: there } = await docker.listVolumes()
    const existing = names.filter((name) => there?.some((volume) => volume.Name === name))
    const helper = await openHelper(docker, {
      image: settings.helperImage,
      labels: { [HELPER_LABEL]: this.stack, ...ownerLabels(runId) },
      volumes: existing.map((name) => ({ name, target: `/volumes/${name}`, readOnly: false })),
      signal: this.#parts.signal,
    })
    return { helper, volumes: existing }
  }
}
