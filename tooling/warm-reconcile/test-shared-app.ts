import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AlertMessage, hostFile, type ReconcileResult, removeStack, stackName, stackView } from '@cc-ci/harness'
import { TestHost } from '../cli/test-host.ts'
import { sharedAppSettings } from '../dev-host/extras.ts'
import { ensureRecipes, SAMPLES } from '../dev-host/recipes.ts'
import { TestRecipe } from './test-recipe.ts'

/** How a call of `cc-ci reconcile` ended. */
export interface ReconcileEnd {
  exitCode: number | undefined
  all: string
  result: ReconcileResult
}

/** A sample recipe as a shared app of a test's own, reconciled by the command line. */
export class TestSharedApp implements AsyncDisposable {
  readonly host: TestHost
  readonly recipe: TestRecipe
  readonly domain: string
  readonly stack: string
  readonly #name: 'keycloak' | 'proxy'
  readonly #told: string

  private constructor(host: TestHost, name: 'keycloak' | 'proxy', domain: string) {
    this.host = host
    this.domain = domain
    this.stack = stackName(domain)
    this.recipe = new TestRecipe(join(host.stateDir, 'sources'), join(host.stateDir, 'samples', name), name)
    this.#name = name
    this.#told = join(host.stateDir, 'told')
  }

  /** @param ending of its domain, `warm-<name>-<ending>`: the shared app of the dev host itself is not touched. */
  static async open(name: 'keycloak' | 'proxy', ending: string): Promise<TestSharedApp> {
    const host = await TestHost.open()
    const domain = `warm-${name}-${ending}.${host.settings.baseDomain}`
    await ensureRecipes(join(host.stateDir, 'samples'), SAMPLES, [name])
    const app = new TestSharedApp(host, name, domain)
    const file = hostFile(host.stateDir)
    const { settings, ...rest } = JSON.parse(readFileSync(file, 'utf8'))
    const sharedApps = sharedAppSettings([name]).map((one) => ({ ...one, domain }))
    const own = { ...settings, recipeSources: [app.recipe.folder], sharedApps }
    writeFileSync(file, JSON.stringify({ ...rest, settings: own }))
    return app
  }

  /** Calls `cc-ci reconcile`; alerts are delivered to a file. */
  async reconcile(...flags: string[]): Promise<ReconcileEnd> {
    const env = { CCCI_ALERT_COMMAND: `cat >> ${this.#told}; echo >> ${this.#told}` }
    const { exitCode, all } = await this.host.cli(['reconcile', '--json', ...flags], { env })
    const line = all.split('\n').find((one) => one.startsWith('{'))
    if (line === undefined) throw new Error(`no result:\n${all}`)
    return { exitCode, all, result: JSON.parse(line) as ReconcileResult }
  }

  /** The alerts that were delivered, in their order. */
  told(): AlertMessage[] {
    try {
      const lines = readFileSync(this.#told, 'utf8').split('\n').filter(Boolean)
      return lines.map((line) => JSON.parse(line) as AlertMessage)
    } catch {
      return []
    }
  }

  /** Containers and versions of the services: a restart changes them. */
  async standing(): Promise<string[]> {
    const services = await stackView(this.host.docker, this.stack)
    const each = services.map(async ({ id, name, tasks }) => {
      const { Version } = await this.host.docker.getService(id).inspect()
      return [`${name} ${Version.Index}`, ...tasks.map(({ containerId, state }) => `${name} ${containerId} ${state}`)]
    })
    return (await Promise.all(each)).flat()
  }

  /** `warm/<recipe>` of its state directory. */
  get folder(): string {
    return join(this.host.stateDir, 'warm', this.#name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeStack(this.host.docker, this.stack, { timeoutMs: 60_000 })
    this.host[Symbol.dispose]()
  }
}
