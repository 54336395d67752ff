import { randomBytes } from 'node:crypto'
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { runDomain, stackName } from '../app/names.ts'
import { dockerClient } from '../docker/connect.ts'
import type { EngineApp } from '../engine/engine.ts'
import { loadRecipe, SwarmEngine } from '../engine/swarm/swarm-engine.ts'
import { messageOf, RecipeError } from '../errors.ts'
import { endMarked, markChildren } from '../process/marked.ts'
import { type BackupSpec, backupSpec } from '../recipe/backup-labels.ts'
import type { ComposeView } from '../recipe/compose-view.ts'
import { lintRecipe } from '../recipe/lint/lint.ts'
import type { LintReport } from '../recipe/lint/report.ts'
import { findLocalTests } from '../recipe/local-tests.ts'
import { envOf, type RecipeOptions } from '../recipe/options.ts'
import { type OptionsInForce, resolveOptions } from '../recipe/options-in-force.ts'
import { checkRealmDeclared } from '../recipe/realm-options.ts'
import { readSample } from '../recipe/sample.ts'
import { generateSecret, type SecretSpec, secretSpecs } from '../recipe/secrets.ts'
import { shippedLimits } from '../recipe/shipped-options.ts'
import { isSecretName, learnSecret, learnVariables, secrets } from '../redact/secrets.ts'
import type { Settings } from '../settings/schema.ts'
import { basesOf } from './applicable.ts'
import { customisationOf } from './customisation.ts'
import { declaredEvents } from './declared.ts'
import type { ColdPlan } from './plan.ts'
import { previewHost } from './preview-host.ts'
import { PREVIEW_VERSION, type RunPreview } from './preview-schema.ts'
import { previewDeployments, previewStages } from './preview-stages.ts'
import { canonicalForQuick, QUICK_STAGES } from './quick.ts'
import type { RunStage } from './stages.ts'
import { recipeName } from './store.ts'
import { findSubject, type Subject } from './subject.ts'

/** Which run to look ahead at. */
export interface PreviewRequest {
  settings: Settings
  /** A recipe's name, or the path or URL of its repository. */
  recipe: string
  ref?: string | undefined
  pr?: string | undefined
  plan?: ColdPlan | undefined
  stages?: readonly RunStage[] | undefined
  /** The suite that would test it; `generic` is everybody's. */
  suite: string
  /** What the suite's `recipe.ts` says. */
  options: RecipeOptions
  /** Packages that the recipe's own options may import, each with its folder. */
  packages?: Readonly<Record<string, string>> | undefined
  /** Whether a quick run is asked about. */
  quick?: boolean | undefined
  /** Ends the looking; what was fetched is removed. */
  signal?: AbortSignal | undefined
}

/**
 * Tells what a run would do, by the functions that a run uses, and touches nothing: no object in Docker, no lease, no state;
 * the recipe is fetched into a temporary folder, which is gone again however this ends.
 *
 * @throws {UnknownRecipeError | UnknownVersionError | ComposeError | MissingEnvSampleError | …} what a run would end with
 *   before it deploys anything.
 */
export async function previewRun(request: PreviewRequest): Promise<RunPreview> {
  const mark = `plan-${randomBytes(4).toString('hex')}`
  const unmark = markChildren(mark)
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'cc-ci-plan-')))
  try {
    const preview = await look(request, folder)
    // Whatever was learned of secrets on the way is taken out of all that is told.
    return JSON.parse(secrets.text(JSON.stringify(preview))) as RunPreview
  } catch (error) {
    request.signal?.throwIfAborted()
    throw error
  } finally {
    unmark()
    await endMarked(mark)
    await rm(folder, { recursive: true, force: true })
  }
}

interface Read {
  inForce: OptionsInForce
  subject: Subject
  lint: LintReport
  warnings: string[]
  app: EngineApp
}

async function read(request: PreviewRequest, folder: string): Promise<Read> {
  const { settings, signal = new AbortController().signal } = request
  const recipe = recipeName(request.recipe)
  const domain = runDomain({ recipe, pr: request.pr, ref: request.ref }, settings.baseDomain)
  const stack = stackName(domain)
  let inForce: OptionsInForce = { options: request.options, origins: {}, overruled: [] }
  let lint: LintReport | undefined
  const warnings: string[] = []
  const subject = await findSubject({
    recipe: request.recipe,
    ref: request.ref,
    sources: settings.recipeSources,
    into: join(folder, 'recipes', recipe),
    domain,
    stack,
    env: async (tree) => {
      const { options: suite, packages } = request
      inForce = await resolveOptions({
        suite,
        tree,
        copy: join(folder, 'shipped'),
        packages,
        limits: shippedLimits(settings),
      })
      checkRealmDeclared(inForce.options, domain)
      for (const value of Object.values(envOf(inForce.options.secrets, domain))) learnSecret(value)
      return envOf(inForce.options.env, domain)
    },
    signal,
    warn: (text) => warnings.push(text),
    fetched: async (checkout, at, env) => {
      lint = await lintRecipe({ checkout, at, domain, stack, env, signal })
    },
  })
  const app: EngineApp = {
    recipe,
    domain,
    stack,
    runId: 'plan',
    checkout: subject.checkout,
    envFile: join(folder, `${domain}.env`),
    secrets: envOf(inForce.options.secrets, domain),
    overlay: inForce.options.overlay,
  }
  return { inForce, subject, lint: lint ?? { durationMs: 0, rules: [] }, warnings, app }
}

async function look(request: PreviewRequest, folder: string): Promise<RunPreview> {
  const { settings, suite } = request
  const { inForce, subject, lint, warnings, app } = await read(request, folder)
  const { options, origins } = inForce
  const { target, checkout } = subject
  const { domain, stack } = app
  // The built-in engine writes the .env without asking Docker; abra's is the same text.
  const engine = new SwarmEngine(dockerClient(settings.dockerHost), settings)
  const changes = { ...envOf(options.env, domain), ...envOf(options.upgradeEnv, domain) }
  await engine.create(app, target, changes)
  const { env, compose } = await loadRecipe(app)
  learnVariables(env)
  const { sample } = await readSample(checkout.dir)
  const bases = basesOf(options, subject.base)
  const plan = request.plan ?? options.plan ?? 'full'
  const local = findLocalTests(checkout.dir)
  const ownSuite = suite !== 'generic'
  const { compose: sampled } = subject
  const stages = previewStages({
    inForce,
    stages: request.stages,
    ownSuite,
    local,
    bases,
    target,
    compose: sampled,
  })
  const versions = bases.map(({ version }) => version)
  const { each } = previewDeployments(stages, { plan, version: target.version, bases: versions })
  const { host, local: images } = await previewHost(settings, compose)
  request.signal?.throwIfAborted()
  const told = declaredEvents(inForce).flatMap((event) => (event.event === 'warning' ? [event.text] : []))
  return {
    schemaVersion: PREVIEW_VERSION,
    recipe: app.recipe,
    origin: checkout.origin,
    ...(request.ref === undefined ? {} : { ref: request.ref }),
    ...(request.pr === undefined ? {} : { pr: request.pr }),
    mode: 'cold',
    ...(request.quick ? { quick: quickNeeds(app.recipe, target.commit, settings) } : {}),
    suite,
    version: target.version,
    commit: target.commit,
    why: whyTarget(subject),
    bases: versions.map((version) => {
      const commit = checkout.published.find(({ tag, text }) => tag === version || text === version)?.commit
      return { version, ...(commit ? { commit } : {}) }
    }),
    basesWhy: whyBases(options, origins, subject),
    domain,
    url: `https://${domain}`,
    stack,
    plan,
    stages,
    deployments: each,
    env: Object.fromEntries(Object.entries(env).map(([key, value]) => [key, masked(key, value)])),
    ...partsOf(compose, checkout.dir, images),
    secrets: secretSpecs({ sample, env, compose }).map((spec) => secretOf(spec, app)),
    ...backupOf(backupSpec(compose)),
    dependencies: options.dependencies ?? [],
    health: { path: options.health?.path ?? '/', statuses: options.health?.statuses ?? [200, 301, 302] },
    timeouts: {
      queue: settings.queueTimeout,
      deploy: options.timeouts?.deploy ?? settings.deployTimeout,
      http: options.timeouts?.http ?? settings.httpTimeout,
      settle: options.timeouts?.settle ?? settings.settleTime,
      use: options.timeouts?.use ?? settings.useTimeout,
      teardown: settings.teardownTimeout,
    },
    weight: options.weight ?? 1,
    host,
    lint,
    customisation: customisationOf(options, domain),
    customisationFrom: { ...origins },
    warnings: [...warnings, ...told],
  }
}

const masked = (key: string, value: string): string => (isSecretName(key) && value !== '' ? '***' : value)

function whyTarget({ target, checkout }: Subject): string {
  const which =
    target.ref === undefined ? `the head of the default branch of ${checkout.origin}` : `--ref ${target.ref}`
  if (target.tag) return `${which}, published as ${target.tag.tag}`
  if (target.version === '') return `${which}, not published, and no label says a version`
  return `${which}, not published; its label says ${target.version}`
}

function whyBases(
  { upgradeBases }: RecipeOptions,
  { upgradeBases: from }: OptionsInForce['origins'],
  { target, base }: Subject,
): string {
  if (upgradeBases) return `named in ${from ?? 'recipe.ts'} (upgradeBases)`
  const of = target.version || target.commit.slice(0, 8)
  return base ? `the newest published version before ${of}` : `there is no published version before ${of}`
}

/** What a quick run would do instead. */
function quickNeeds(recipe: string, target: string, settings: Settings): string {
  const canonical = canonicalForQuick(settings, recipe)
  if (typeof canonical === 'string') return `a quick run would be this cold run: ${canonical}`
  const { version, commit, domain } = canonical
  const at = `${version} (${commit.slice(0, 7)}) at https://${domain}`
  const how = commit === target ? 'which is at the version under test already' : 'and upgrade it'
  return `a quick run would attach the canonical of ${recipe}, ${at}, ${how}: ${QUICK_STAGES.join(', ')}, with lower confidence`
}

type Parts = Pick<RunPreview, 'composeFiles' | 'services' | 'configs' | 'volumes' | 'networks'>

function partsOf(compose: ComposeView, dir: string, images: ReadonlyMap<string, boolean>): Parts {
  const list = (of: Record<string, { name: string; external: boolean }>) =>
    Object.entries(of).map(([key, { name, external }]) => ({ key, name, external }))
  return {
    composeFiles: compose.files.map((file) => relative(dir, file)),
    services: Object.values(compose.services).map(({ name, image, mode, replicas }) => {
      const local = images.get(image)
      return { name, image, mode, replicas, ...(local === undefined ? {} : { local }) }
    }),
    configs: Object.entries(compose.configs).map(([key, { name, external, file }]) => ({
      key,
      name,
      external,
      ...(file === undefined ? {} : { file: relative(dir, file) }),
    })),
    volumes: list(compose.volumes),
    networks: list(compose.networks),
  }
}

function secretOf(spec: SecretSpec, app: EngineApp): RunPreview['secrets'][number] {
  const { key, name, length, charset, generate } = spec
  const given = app.secrets[key] !== undefined
  const facts = {
    key,
    name,
    ...(length === undefined ? {} : { length }),
    ...(charset === undefined ? {} : { charset }),
  }
  if (given) return { ...facts, from: 'options' }
  if (!generate) {
    const problem = `# generate=false, and recipe.ts gives no value: secrets: { ${JSON.stringify(key)}: '…' }`
    return { ...facts, from: 'nobody', problem }
  }
  try {
    generateSecret(spec)
    return { ...facts, from: 'generated' }
  } catch (error) {
    if (!(error instanceof RecipeError)) throw error
    return { ...facts, from: 'generated', problem: messageOf(error) }
  }
}

function backupOf(spec: BackupSpec | undefined): Pick<RunPreview, 'backup'> {
  if (!spec) return {}
  const volumes = spec.volumes.map(({ key, paths }) => ({ key, ...(paths ? { paths } : {}) }))
  const { services, excluded, hooks, warnings } = spec
  return { backup: { services, volumes, excluded, hooks, warnings } }
}
