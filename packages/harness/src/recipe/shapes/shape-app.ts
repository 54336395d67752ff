import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type Docker from 'dockerode'
import { describeResidue, residueOf } from '../../app/residue.ts'
import { removeStack } from '../../app/teardown.ts'
import { converge } from '../../docker/converge.ts'
import { execOk } from '../../docker/exec.ts'
import { type ServiceView, stackView } from '../../docker/stack-view.ts'
import type { Deployed, EngineApp, Target } from '../../engine/engine.ts'
import { type LoadedRecipe, loadRecipe, SwarmEngine } from '../../engine/swarm/swarm-engine.ts'
import type { Settings } from '../../settings/schema.ts'
import { cloneRecipe } from '../checkout.ts'
import { type TestCommit, testRepository } from '../test-repository.ts'

export interface ShapeRequest {
  docker: Docker
  settings: Settings
  /** The name of the recipe's repository. */
  name: string
  commits: TestCommit[]
  stack: string
  /** Values of secrets that are not generated. */
  secrets?: Record<string, string>
}

/** The app of a self-written recipe, as the built-in engine reads it and, where that is asked for, deploys it. */
export class ShapeApp implements AsyncDisposable {
  readonly app: EngineApp
  readonly #docker: Docker
  readonly #engine: SwarmEngine
  readonly #folder: string
  #deployed = false

  private constructor(app: EngineApp, { docker, settings }: ShapeRequest, folder: string) {
    this.app = app
    this.#docker = docker
    this.#engine = new SwarmEngine(docker, settings)
    this.#folder = folder
  }

  /** Makes the recipe's repository and clones it; nothing is checked out yet. */
  static async open(request: ShapeRequest): Promise<ShapeApp> {
    const folder = await mkdtemp(join(tmpdir(), 'ccci-shape-'))
    try {
      return await ShapeApp.#openIn(folder, request)
    } catch (error) {
      await rm(folder, { recursive: true, force: true })
      throw error
    }
  }

  static async #openIn(folder: string, request: ShapeRequest): Promise<ShapeApp> {
    const { stack, name, secrets = {} } = request
    const origin = await testRepository(join(folder, 'origin'), name, ...request.commits)
    const checkout = await cloneRecipe({ recipe: origin, sources: [], into: join(folder, 'clone') })
    const domain = `${stack}.ci.localhost`
    const envFile = join(folder, `${domain}.env`)
    const runId = 'shapes-test'
    const app = { recipe: name, domain, stack, runId, checkout, envFile, secrets, overlay: undefined }
    return new ShapeApp(app, request, folder)
  }

  /** Checks a version out and writes the app's `.env`. */
  async create(ref: string | undefined, changes: Record<string, string> = {}): Promise<Target> {
    const target = await this.at(ref)
    await this.#engine.create(this.app, target, changes)
    return target
  }

  /** What is checked out with the app's `.env`, as the engine reads it. */
  read(): Promise<LoadedRecipe> {
    return loadRecipe(this.app)
  }

  /** Deploys a version and waits until it is up. */
  async deploy(ref: string, changes: Record<string, string> = {}): Promise<Deployed> {
    const target = await this.create(ref, changes)
    this.#deployed = true
    const deployed = await this.#engine.deploy(this.app, target)
    await converge(this.#docker, this.app.stack, { timeoutMs: 60_000 })
    return deployed
  }

  /** Upgrades the app in place and waits until it is up. */
  async upgrade(ref: string, changes: Record<string, string> = {}): Promise<void> {
    await this.#engine.upgrade(this.app, await this.at(ref), changes)
    await converge(this.#docker, this.app.stack, { timeoutMs: 60_000 })
  }

  async service(name: string): Promise<ServiceView> {
    const found = (await stackView(this.#docker, this.app.stack)).find((service) => service.name === name)
    if (!found) throw new Error(`${this.app.stack} has no service ${name}`)
    return found
  }

  /** A service as the engine has it. */
  inspect(name: string) {
    return this.#docker.getService(`${this.app.stack}_${name}`).inspect()
  }

  /** What a shell script prints in the newest container of a service. */
  async sh(service: string, script: string): Promise<string> {
    const running = (await this.service(service)).tasks.find((task) => task.state === 'running')
    return (await execOk(this.#docker, running?.containerId ?? '', ['sh', '-c', script])).stdout.trim()
  }

  /** The configs of the stack, without its name before them. */
  async configs(): Promise<string[]> {
    const { configs } = await residueOf(this.#docker, this.app.stack)
    return configs.map(({ name }) => name.slice(this.app.stack.length + 1)).sort()
  }

  /** Checks a version out. */
  async at(ref: string | undefined): Promise<Target> {
    const checkedOut = await this.app.checkout.checkout(ref)
    return { ...checkedOut, version: checkedOut.tag?.text ?? '' }
  }

  /** Removes everything. @throws when something of the stack is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { stack } = this.app
    if (this.#deployed) {
      await removeStack(this.#docker, stack, { timeoutMs: 60_000 })
      const left = describeResidue(await residueOf(this.#docker, stack))
      if (left.length > 0) throw new Error(`${stack} leaves ${left.join(', ')}`)
    }
    await rm(this.#folder, { recursive: true, force: true })
  }
}
