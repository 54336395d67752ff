import { rm } from 'node:fs/promises'
import type Docker from 'dockerode'
import { stackName } from '../app/names.ts'
import type { DeployEngine, EngineApp } from '../engine/engine.ts'
import { cloneRecipe } from '../recipe/checkout.ts'
import type { Settings } from '../settings/schema.ts'
import { Deployment, type SharedAppHealth } from './deployment.ts'

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
  health: SharedAppHealth
  signal?: AbortSignal | undefined
  onStep?: ((text: string) => void) | undefined
}

/** It is up and well. */
export interface SharedApp {
  stack: string
  url: string
  version: string
}

/**
 * Sees to it that the newest version of an app is up and well at its domain. Its secrets are made where they are
 * missing. One that outlives runs is looked after by `reconcileApp` instead.
 *
 * @throws {UnknownRecipeError} and what engines, `converge` and `awaitReady` throw.
 */
export async function ensureSharedApp(request: SharedAppRequest): Promise<SharedApp> {
  const { docker, settings, engine, recipe, domain, owner, into, envFile, health, signal, onStep } = request
  const stack = stackName(domain)
  onStep?.(`fetching the recipe ${recipe}`)
  await rm(into, { recursive: true, force: true })
  const from = { recipe, sources: settings.recipeSources, into, ...(signal ? { signal } : {}) }
  const checkout = await cloneRecipe(from)
  const checkedOut = await checkout.checkout(checkout.published.at(-1)?.tag, signal)
  const target = { ...checkedOut, version: checkedOut.tag?.text ?? '' }
  const app: EngineApp = { recipe, domain, stack, runId: owner, checkout, envFile, secrets: {}, overlay: undefined }
  await using deployment = new Deployment({ docker, settings, engine, app, health, onStep })
  await deployment.deploy(target, signal)
  return { stack, url: deployment.url, version: target.version }
}
