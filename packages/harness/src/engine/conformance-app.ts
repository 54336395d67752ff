import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type Docker from 'dockerode'
import { stackName } from '../app/names.ts'
import { describeResidue, residueOf } from '../app/residue.ts'
import { converge } from '../docker/converge.ts'
import { execOk } from '../docker/exec.ts'
import { stackView } from '../docker/stack-view.ts'
import { testHost } from '../docker/test-stack.ts'
import { cloneRecipe } from '../recipe/checkout.ts'
import { type TestCommit, testRepository } from '../recipe/test-repository.ts'
import { pathKind, stackKind } from '../scope/kinds.ts'
import { Scope } from '../scope/scope.ts'
import { loadSettings } from '../settings/load.ts'
import type { Settings } from '../settings/schema.ts'
import { chosenEngine, envFileFor } from './chosen.ts'
import type { DeployEngine, EngineApp, Target } from './engine.ts'

/** An engine under the conformance suite: the built-in one, or an abra by its path. */
export interface Candidate {
  engine: Settings['engine']
  abra?: string | undefined
}

export interface TestAppOptions {
  settings?: Partial<Settings>
  secrets?: Record<string, string>
  overlay?: string
}

/** An app of a test, under an engine. */
export interface TestApp extends AsyncDisposable {
  readonly docker: Docker
  readonly settings: Settings
  readonly engine: DeployEngine
  readonly app: EngineApp
  /** Checks a version, branch or commit out. */
  target(ref: string): Promise<Target>
  /** Waits until the app is up; the labels of its service `app`. */
  up(): Promise<Record<string, string>>
  /** What a shell in the service `app` prints. */
  sh(script: string): Promise<string>
  env(): Promise<string>
  /** The files in the folder where abra has the `.env` files of all apps. */
  shared(): Promise<string[]>
  /** Takes everything of the app away, as a run does. */
  close(): Promise<void>
  /** What is left of it in Docker. */
  left(): Promise<string[]>
}

/** The path of the stand-in for abra. */
export const STAND_IN = join(import.meta.dirname, 'abra', 'stand-in', 'abra.ts')

/** The name of the recipe whose `.env` another app of the same server has. */
const NEIGHBOUR = 'neighbour.example.org.env'

/** Makes a repository of the recipe "sample" with these commits, and an app of it for one engine. */
export async function openTestApp(
  candidate: Candidate,
  commits: TestCommit[],
  options: TestAppOptions = {},
): Promise<TestApp> {
  const { docker, unique } = await testHost()
  const folder = await mkdtemp(join(tmpdir(), 'cc-ci-engine-'))
  const scopeFolder = join(folder, 'scope')
  const loaded = await loadSettings()
  const own: Partial<Settings> = {
    engine: candidate.engine,
    abraDir: join(folder, 'abra'),
    abra: candidate.abra ? await program(folder, candidate.abra) : 'abra',
  }
  const settings = { ...loaded, ...own, ...options.settings }
  const servers = join(settings.abraDir, 'servers', settings.abraServer)
  await mkdir(servers, { recursive: true })
  await writeFile(join(servers, NEIGHBOUR), 'TYPE=neighbour\n')
  const catalogue = join(loaded.abraDir, 'catalogue')
  if (existsSync(catalogue)) await symlink(catalogue, join(settings.abraDir, 'catalogue'))
  const recipe = await testRepository(join(folder, 'origin'), 'sample', ...commits)
  const scope = new Scope({ folder: scopeFolder, teardownTimeoutMs: 60_000 })
  const checkout = await cloneRecipe({ recipe, sources: [], into: join(scopeFolder, 'recipes', 'sample') })
  const domain = `${unique}.${settings.baseDomain}`
  const stack = stackName(domain)
  const envFile = envFileFor(settings, scopeFolder, domain)
  await mkdir(join(envFile, '..'), { recursive: true })
  await scope.acquire(pathKind, { path: envFile }, async () => {})
  await scope.acquire(stackKind, { dockerHost: loaded.dockerHost, stack }, async () => {})
  const { secrets = {}, overlay } = options
  const app: EngineApp = { recipe: 'sample', domain, stack, runId: unique, checkout, envFile, secrets, overlay }
  return {
    docker,
    settings,
    engine: chosenEngine(docker, settings),
    app,
    async target(ref) {
      const checkedOut = await checkout.checkout(ref)
      return { ...checkedOut, version: checkedOut.tag?.text ?? '' }
    },
    async up() {
      const services = await converge(docker, stack, { timeoutMs: 60_000 })
      return services.find(({ name }) => name === 'app')?.labels ?? {}
    },
    async sh(script) {
      const service = (await stackView(docker, stack)).find(({ name }) => name === 'app')
      return (await execOk(docker, service?.tasks.at(-1)?.containerId ?? '', ['sh', '-c', script])).stdout.trim()
    },
    env: () => readFile(envFile, 'utf8'),
    shared: () => readdir(servers),
    close: () => scope.close(),
    left: async () => describeResidue(await residueOf(docker, stack)),
    async [Symbol.asyncDispose]() {
      await scope.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The stand-in is TypeScript: it needs this Node. */
async function program(folder: string, path: string): Promise<string> {
  if (!path.endsWith('.ts')) return path
  const file = join(folder, 'abra-stand-in')
  await writeFile(file, `#!/bin/sh\nexec '${process.execPath}' '${path}' "$@"\n`)
  await chmod(file, 0o755)
  return file
}
