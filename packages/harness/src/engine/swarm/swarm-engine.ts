import { existsSync } from 'node:fs'
import { glob, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type Docker from 'dockerode'
import { hasIpvs } from '../../docker/ipvs.ts'
import { RecipeError } from '../../errors.ts'
import { abraShExports } from '../../recipe/abra-sh.ts'
import { MissingComposeFileError } from '../../recipe/compose/error.ts'
import { type ComposeView, readCompose } from '../../recipe/compose-view.ts'
import { editEnv, parseEnv } from '../../recipe/env-file.ts'
import { checkNameLength } from '../../recipe/name-limit.ts'
import { secretSpecs } from '../../recipe/secrets.ts'
import { typeText } from '../../recipe/version.ts'
import { recipeWarnings } from '../../recipe/warnings.ts'
import type { Settings } from '../../settings/schema.ts'
import type { DeployEngine, Deployed, EngineApp, Target } from '../engine.ts'
import { fetchImages, imagesOf } from '../images.ts'
import { writeCopies } from './compose-copies.ts'
import { reachOfApp } from './reach.ts'
import { makeSecrets } from './secrets.ts'
import { stackDeploy } from './stack-deploy.ts'

/** A recipe without `.env.sample` cannot be deployed by anybody (abra lint R008). */
export class MissingEnvSampleError extends RecipeError {}

/** The `.env` of an app that runs lists a compose file that the version it is upgraded to does not have. */
export class OverlayRemovedError extends RecipeError {}

/** The recipe routes over a network that is not there. */
export class MissingNetworkError extends RecipeError {}

/** The recipe as it would be deployed now: its variables and its composed files. */
export interface LoadedRecipe {
  env: Record<string, string>
  compose: ComposeView
}

/**
 * Reads what is checked out together with the app's `.env`: variables from `.env`, then abra.sh's exports, then
 * `STACK_NAME`; compose files by `COMPOSE_FILE` (abra.md §4 steps 7–9).
 *
 * @throws {ComposeError}
 */
export async function loadRecipe(app: EngineApp): Promise<LoadedRecipe> {
  const abraSh = join(app.checkout.dir, 'abra.sh')
  const env: Record<string, string> = {
    ...parseEnv(await readFile(app.envFile, 'utf8')).values,
    ...(existsSync(abraSh) ? abraShExports(await readFile(abraSh, 'utf8')) : {}),
    STACK_NAME: app.stack,
  }
  const composeFile = [env.COMPOSE_FILE || 'compose.yml', ...(app.overlay ? [app.overlay] : [])].join(':')
  const files = { ...env, COMPOSE_FILE: composeFile }
  return { env, compose: await readCompose({ dir: app.checkout.dir, env: files, stack: app.stack }) }
}

/**
 * The built-in engine: reads a recipe as abra does and drives `docker stack deploy` for the rest.
 */
export class SwarmEngine implements DeployEngine {
  readonly name = 'swarm'
  readonly #docker: Docker
  readonly #settings: Settings

  constructor(docker: Docker, settings: Settings) {
    this.#docker = docker
    this.#settings = settings
  }

  /** @throws {MissingEnvSampleError} */
  async create(app: EngineApp, target: Target, changes: Record<string, string>): Promise<void> {
    const sample = await readSample(app)
    // A set LETS_ENCRYPT_ENV would ask for a certificate.
    const own = { ...typeOf(sample, app, target), DOMAIN: app.domain, LETS_ENCRYPT_ENV: '' }
    await this.#writeEnv(app, editEnv(sample, { ...own, ...changes }))
  }

  async deploy(app: EngineApp, target: Target, signal?: AbortSignal): Promise<Deployed> {
    const { env, compose } = await loadRecipe(app)
    const sample = parseEnv(await readSample(app))
    await this.#checkNetworks(compose)
    checkNames(compose, app.stack)
    const specs = secretSpecs({ sample, env, compose })
    const { dockerHost } = this.#settings
    const fetched = await fetchImages({ docker: this.#docker, dockerHost, images: imagesOf(compose), signal })
    const open = await makeSecrets(this.#docker, app, specs)
    const reach = await reachOfApp(this.#docker, this.#settings, app)
    const request = { app, target, compose, env, ipvs: hasIpvs(this.#settings), reach }
    await stackDeploy({
      dockerHost,
      stack: app.stack,
      files: await writeCopies(request),
      env,
      resolveImage: fetched.local ? 'never' : 'always',
      cwd: app.checkout.dir,
      signal,
    })
    const { recipe, stack } = app
    const known = recipeWarnings({ recipe, sample, compose, stack, tag: target.tag?.text })
    return { warnings: [...known, ...fetched.warnings, ...open] }
  }

  /** @throws {OverlayRemovedError} */
  async upgrade(
    app: EngineApp,
    target: Target,
    changes: Record<string, string>,
    signal?: AbortSignal,
  ): Promise<Deployed> {
    const current = await readFile(app.envFile, 'utf8')
    await this.#writeEnv(app, editEnv(current, { ...typeOf(current, app, target), ...changes }))
    try {
      return await this.deploy(app, target, signal)
    } catch (error) {
      throw error instanceof MissingComposeFileError ? overlayRemoved(app, target, error) : error
    }
  }

  async #writeEnv(app: EngineApp, text: string): Promise<void> {
    await mkdir(dirname(app.envFile), { recursive: true })
    await writeFile(`${app.envFile}.new`, text)
    await rename(`${app.envFile}.new`, app.envFile)
  }

  async #checkNetworks(compose: ComposeView): Promise<void> {
    const wanted = Object.values(compose.networks).filter((network) => network.external)
    if (wanted.length === 0) return
    const there = await this.#docker.listNetworks()
    for (const network of wanted) {
      const found = there.find((one) => one.Name === network.name)
      if (found?.Scope === 'swarm') continue
      throw new MissingNetworkError({
        happened: `The recipe needs the external network "${network.name}", which is not on this host.`,
        lastSeen: found
          ? `there is one of that name, of scope "${found.Scope}"`
          : `overlay networks: ${overlays(there)}`,
        todo:
          network.name === this.#settings.proxyNetwork
            ? 'Bring the dev host up: npm run dev-host -- up. On a host: docker network create -d overlay proxy.'
            : `docker network create --driver overlay ${network.name}`,
      })
    }
  }
}

/** @throws {NameTooLongError} */
function checkNames(compose: ComposeView, stack: string): void {
  for (const name of Object.keys(compose.services)) checkNameLength('service', `${stack}_${name}`)
  for (const config of Object.values(compose.configs)) checkNameLength('config', config.name)
}

function overlays(networks: { Name: string; Scope: string }[]): string {
  return (
    networks
      .filter((network) => network.Scope === 'swarm')
      .map((network) => network.Name)
      .join(', ') || 'none'
  )
}

/** The recipe and version that an app's `.env` names, under both names for it: a stale one would send abra to another. */
function typeOf(env: string, app: EngineApp, target: Target): Record<string, string> {
  const type = typeText(app.recipe, target.version)
  return { TYPE: type, ...('RECIPE' in parseEnv(env).values ? { RECIPE: type } : {}) }
}

/** The error for an upgrade whose `.env` lists a compose file that is gone. */
export function overlayRemoved(app: EngineApp, target: Target, missing: MissingComposeFileError): OverlayRemovedError {
  return new OverlayRemovedError({
    happened: `${app.recipe} ${target.version} has no ${missing.file}, which the .env of the running app lists in COMPOSE_FILE.`,
    lastSeen: missing.told.todo,
    todo: `Operators will meet this, too: keep the file, or tell them in release/${target.version || 'next'}. To test the upgrade of an .env without it: upgradeEnv: { COMPOSE_FILE: '…' } in recipe.ts.`,
    cause: missing,
  })
}

/** The text of the checked-out `.env.sample`. @throws {MissingEnvSampleError} */
export async function readSample(app: EngineApp): Promise<string> {
  const file = join(app.checkout.dir, '.env.sample')
  if (existsSync(file)) return await readFile(file, 'utf8')
  const elsewhere: string[] = []
  for await (const found of glob('**/.env.sample', { cwd: app.checkout.dir })) elsewhere.push(found)
  throw new MissingEnvSampleError({
    happened: `${app.recipe} has no .env.sample at the version under test.`,
    lastSeen: elsewhere.length > 0 ? `there is one in a sub-folder: ${elsewhere.sort().join(', ')}` : undefined,
    todo: 'Add one beside compose.yml: abra makes an app’s .env from it (lint R008).',
  })
}
