import { existsSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { relative } from 'node:path'
import type Docker from 'dockerode'
import { hasIpvs } from '../../docker/ipvs.ts'
import { ownerLabels, STACK_LABEL } from '../../docker/labels.ts'
import { MissingComposeFileError } from '../../recipe/compose/error.ts'
import { parseEnv } from '../../recipe/env-file.ts'
import { secretSpecs } from '../../recipe/secrets.ts'
import { recipeWarnings } from '../../recipe/warnings.ts'
import type { Settings } from '../../settings/schema.ts'
import type { DeployEngine, Deployed, EngineApp, Target } from '../engine.ts'
import { fetchImages, imagesOf } from '../images.ts'
import { quirksOf, writeCopies } from '../swarm/compose-copies.ts'
import { reachOfApp } from '../swarm/reach.ts'
import { type LoadedRecipe, loadRecipe, overlayRemoved, readSample } from '../swarm/swarm-engine.ts'
import { type AbraSettings, callAbra } from './abra.ts'
import { runAbraDir } from './abra-dir.ts'
import { changeEnv, ownVariables, useCopies } from './app-env.ts'
import { AbraError } from './errors.ts'
import { refusal } from './refusal.ts'
import { makeSecrets } from './secrets.ts'
import { checkTree, headOf } from './tree.ts'

/** abra asks the registry for every image (and there may be none to answer), but waits for nothing to come up. */
const DEPLOY_MS = 300_000

/**
 * Deploys with abra, the tool that operators use, in an ABRA_DIR of the run's own. What abra is asked for is what an
 * operator would ask for; only its waiting (`-c`), its questions (`-n`) and its look at the DNS (`-D`) are left out.
 */
export class AbraEngine implements DeployEngine {
  readonly name = 'abra'
  readonly #docker: Docker
  readonly #settings: Settings

  constructor(docker: Docker, settings: Settings) {
    this.#docker = docker
    this.#settings = settings
  }

  /** @throws {MissingEnvSampleError | AbraMissingError | AbraError} */
  async create(app: EngineApp, target: Target, changes: Record<string, string>, signal?: AbortSignal): Promise<void> {
    const sample = await readSample(app)
    const abra = await this.#abra(app)
    // Clean of the copies of an earlier deployment, or abra refuses to move it.
    await app.checkout.checkout(target.commit, signal)
    await rm(app.envFile, { force: true })
    const version = target.tag ? [target.tag.tag] : ['-C']
    const where = ['--server', this.#settings.abraServer, '--domain', app.domain]
    await callAbra(abra, ['app', 'new', app.recipe, ...version, ...where, '-n', '-o'], { signal })
    if (!existsSync(app.envFile)) {
      throw new AbraError({
        happened: `\`abra app new\` made no ${app.envFile}.`,
        todo: 'Is CCCI_ABRA_DIR the folder that this abra uses, and CCCI_ABRA_SERVER one of its servers?',
      })
    }
    // `app new` may move the checkout to the newest version, and then it took that version's .env.sample.
    const moved = (await headOf(app, signal)) !== target.commit
    await app.checkout.checkout(target.commit, signal)
    const text = moved ? sample : await readFile(app.envFile, 'utf8')
    await changeEnv(app, text, { ...ownVariables(text, app, target), ...changes })
  }

  /** @throws {AbraRefusedError | AbraError | SecretNotInsertedError | ComposeError} */
  async deploy(app: EngineApp, target: Target, signal?: AbortSignal): Promise<Deployed> {
    const abra = await this.#abra(app)
    // Clean: without the copies of an earlier deployment, and back from wherever abra moved it.
    await app.checkout.checkout(target.commit, signal)
    await changeEnv(app, await readFile(app.envFile, 'utf8'), {})
    const loaded = await loadRecipe(app)
    const sample = parseEnv(await readSample(app))
    const specs = secretSpecs({ sample, env: loaded.env, compose: loaded.compose })
    const { dockerHost } = this.#settings
    const images = imagesOf(loaded.compose)
    const fetched = await fetchImages({ docker: this.#docker, dockerHost, images, signal })
    await this.#claim(app)
    const secrets = await makeSecrets({ docker: this.#docker, abra, app, specs, signal })
    const copies = await this.#copies(app, target, loaded)
    const dirty = await checkTree(app, target, copies, signal)
    const chaos = target.tag === undefined || copies.length > 0
    const version = chaos ? ['-C'] : [target.tag?.tag ?? '']
    const args = ['app', 'deploy', app.domain, ...version, '-n', '-f', '-c', '-D', '-o']
    await callAbra(abra, args, { signal, timeoutMs: DEPLOY_MS }).catch((error: unknown) => {
      throw refusal(app, error)
    })
    await checkTree(app, target, copies, signal)
    const { recipe, stack } = app
    const known = recipeWarnings({ recipe, sample, compose: loaded.compose, stack, tag: target.tag?.text })
    return {
      warnings: [...known, ...fetched.warnings, ...secrets],
      ...(chaos ? { chaosVersion: `${target.commit.slice(0, 8)}${dirty ? '+U' : ''}` } : {}),
    }
  }

  /** @throws {OverlayRemovedError} and what `deploy` throws. */
  async upgrade(
    app: EngineApp,
    target: Target,
    changes: Record<string, string>,
    signal?: AbortSignal,
  ): Promise<Deployed> {
    const text = await readFile(app.envFile, 'utf8')
    await changeEnv(app, text, { ...ownVariables(text, app, target), ...changes })
    try {
      return await this.deploy(app, target, signal)
    } catch (error) {
      throw error instanceof MissingComposeFileError ? overlayRemoved(app, target, error) : error
    }
  }

  async #abra(app: EngineApp): Promise<AbraSettings> {
    const { abra, dockerHost } = this.#settings
    return { abra, dockerHost, dir: await runAbraDir(app, this.#settings) }
  }

  /**
   * abra's services say nothing of us, and their labels are the recipe's to set: an object of the stack beside them says
   * whose run it is, on which machine. It goes with the stack.
   */
  async #claim(app: EngineApp): Promise<void> {
    const Labels = { [STACK_LABEL]: app.stack, ...ownerLabels(app.runId) }
    await this.#docker
      .createConfig({ Name: `${app.stack}_cc-ci`, Labels, Data: Buffer.from(app.runId).toString('base64') })
      .catch((error: { statusCode?: number }) => {
        if (error.statusCode !== 409) throw error
      })
  }

  /**
   * Where the host or the options want something else than the recipe says, abra gets copies of the compose files: copies
   * and not one more file, since docker merges the ports of a service that two files mention by their published number,
   * and loses those that share one. abra takes changed files only in a chaos deployment, from a tree that it calls dirty.
   */
  async #copies(app: EngineApp, target: Target, { env, compose }: LoadedRecipe): Promise<string[]> {
    const reach = await reachOfApp(this.#docker, this.#settings, app)
    const request = { app, target, compose, env, ipvs: hasIpvs(this.#settings), hostOnly: true, reach }
    if (quirksOf(request).length === 0 && app.overlay === undefined && !reach) return []
    const names = (await writeCopies(request)).map((file) => relative(app.checkout.dir, file))
    await useCopies(app, names)
    return names
  }
}
