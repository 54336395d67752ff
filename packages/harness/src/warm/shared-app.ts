import { rm } from 'node:fs/promises'
import type Docker from 'dockerode'
import { AppHttp } from '../app/http.ts'
import { stackName } from '../app/names.ts'
import { probe } from '../app/probe.ts'
import { awaitReady } from '../app/ready.ts'
import { versionLabels } from '../app/version-labels.ts'
import { converge } from '../docker/converge.ts'
import { isConverged, stackView } from '../docker/stack-view.ts'
import type { DeployEngine, EngineApp } from '../engine/engine.ts'
import { cloneRecipe } from '../recipe/checkout.ts'
import type { Settings } from '../settings/schema.ts'

/** An app that tests use beside the one under test. */
export interface SharedAppRequest {
  docker: Docker
  settings: Settings
  engine: DeployEngine
  /** A recipe's name; its newest version is deployed. */
  recipe: string
  domain: string
  /** Whose it is, for its labels. */
  owner: string
  /** Where its checkout goes; made anew. */
  into: string
  envFile: string
  /** What tells health: a path, and the status that it answers with. */
  health: { path: string; statuses: readonly number[] }
  signal?: AbortSignal | undefined
  onStep?: ((text: string) => void) | undefined
}

/** It is up and well. */
export interface SharedApp {
  stack: string
  url: string
  version: string
  /** False: it was up and well before, and was not touched. */
  deployed: boolean
}

/**
 * Sees to it that an app is up and well at its domain. One that is, at whatever version, is left alone; anything else is
 * deployed. Its secrets are made where they are missing, its data stays.
 *
 * @throws {UnknownRecipeError} and what engines, `converge` and `awaitReady` throw.
 */
export async function ensureSharedApp(request: SharedAppRequest): Promise<SharedApp> {
  const { docker, settings, domain, health } = request
  const stack = stackName(domain)
  const url = `https://${domain}`
  const { proxyAddress, caFile } = settings
  await using http = new AppHttp({ origin: url, proxyAddress, caFile })
  const deployed = !(await isWell(docker, stack, http, health))
  if (deployed) await deploy(request, stack, http)
  const services = await stackView(docker, stack)
  const { version } = versionLabels(services.find(({ name }) => name === 'app')?.labels ?? {}, stack)
  return { stack, url, version, deployed }
}

async function isWell(
  docker: Docker,
  stack: string,
  http: AppHttp,
  { path, statuses }: SharedAppRequest['health'],
): Promise<boolean> {
  const services = await stackView(docker, stack)
  if (services.length === 0 || !services.every(isConverged)) return false
  return (await probe(http, path, statuses)).kind === 'ready'
}

async function deploy(request: SharedAppRequest, stack: string, http: AppHttp): Promise<void> {
  const { docker, settings, engine, recipe, domain, owner, into, envFile, health, signal, onStep } = request
  onStep?.(`fetching the recipe ${recipe}`)
  await rm(into, { recursive: true, force: true })
  const from = { recipe, sources: settings.recipeSources, into, ...(signal ? { signal } : {}) }
  const checkout = await cloneRecipe(from)
  const checkedOut = await checkout.checkout(checkout.published.at(-1)?.tag, signal)
  const target = { ...checkedOut, version: checkedOut.tag?.text ?? '' }
  const app: EngineApp = { recipe, domain, stack, runId: owner, checkout, envFile, secrets: {}, overlay: undefined }
  await engine.create(app, target, {}, signal)
  onStep?.(`deploying ${recipe} ${target.version}`)
  await engine.deploy(app, target, signal)
  const timeoutMs = settings.deployTimeout * 1000
  await converge(docker, stack, { timeoutMs, signal, ...(onStep ? { onProgress: onStep } : {}) })
  await awaitReady(docker, {
    stack,
    http,
    ...health,
    timeoutMs: settings.httpTimeout * 1000,
    settleMs: settings.settleTime * 1000,
    history: [],
    signal,
    onProgress: onStep,
  })
}
