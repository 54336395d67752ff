import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  abraShExports,
  cloneRecipe,
  connectSwarm,
  editEnv,
  hasIpvs,
  loadSettings,
  parseEnv,
  parseRecipeOptions,
  readCompose,
  removeStack,
  run,
  Session,
  type Settings,
  writeCopies,
} from '@cc-ci/harness'

const RECIPE = 'custom-html'

/** The app of a benchmark as cc-ci runs it: a session of its own each time, with everything a test's fixture does. */
export async function openOurs(name: string): Promise<Session & { folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'cc-ci-bench-'))
  const options = parseRecipeOptions({}, 'the benchmark')
  const runId = `bench-${name}-${process.pid}-${Date.now()}`
  const session = await Session.open({
    runId,
    runDir: folder,
    recipe: RECIPE,
    pr: `bench-${name}`,
    stages: ['install'],
    options,
  })
  return Object.assign(session, { folder })
}

/** The same app by hand: the same compose files and variables, `docker` and `curl` in a shell. */
export class Peer {
  readonly #settings: Settings
  readonly #folder: string
  readonly #env: Record<string, string>
  readonly #files: string[]
  readonly stack: string
  readonly domain: string

  private constructor(parts: {
    settings: Settings
    folder: string
    env: Record<string, string>
    files: string[]
    stack: string
    domain: string
  }) {
    this.#settings = parts.settings
    this.#folder = parts.folder
    this.#env = parts.env
    this.#files = parts.files
    this.stack = parts.stack
    this.domain = parts.domain
  }

  /** Writes the recipe's files and the variables of an app of its own. */
  static async prepare(name: string): Promise<Peer> {
    const settings = await loadSettings()
    const folder = await mkdtemp(join(tmpdir(), 'cc-ci-bench-peer-'))
    const domain = `peer-${name}.${settings.baseDomain}`
    const stack = domain.replaceAll('.', '_')
    const into = join(folder, RECIPE)
    const checkout = await cloneRecipe({ recipe: RECIPE, sources: settings.recipeSources, into })
    const target = await checkout.checkout(undefined)
    const envText = editEnv(await readFile(join(into, '.env.sample'), 'utf8'), { DOMAIN: domain, LETS_ENCRYPT_ENV: '' })
    const env = {
      ...parseEnv(envText).values,
      ...abraShExports(await readFile(join(into, 'abra.sh'), 'utf8')),
      STACK_NAME: stack,
    }
    const compose = await readCompose({ dir: into, env, stack })
    const app = { recipe: RECIPE, domain, stack, runId: 'peer', checkout, envFile: '', secrets: {}, overlay: undefined }
    const version = target.tag?.text ?? ''
    const files = await writeCopies({ app, target: { ...target, version }, compose, env, ipvs: hasIpvs(settings) })
    return new Peer({ settings, folder, env, files, stack, domain })
  }

  /** `docker stack deploy`, then curl every 20 ms until the app answers 200. */
  get up(): string {
    const { proxyAddress, caFile } = this.#settings
    const reach = proxyAddress ? `--connect-to ${this.domain}:443:${proxyAddress} --cacert ${caFile}` : ''
    const files = this.#files.map((file) => `-c '${file}'`).join(' ')
    return `docker stack deploy ${files} ${this.stack} >/dev/null 2>&1
until curl -sf -o /dev/null ${reach} https://${this.domain}/; do sleep 0.02; done`
  }

  /** `docker stack rm`, then asking until nothing of the stack is left, volume included. */
  get down(): string {
    const mine = `--filter label=com.docker.stack.namespace=${this.stack}`
    return `docker stack rm ${this.stack} >/dev/null 2>&1
while [ -n "$(docker ps -aq ${mine})$(docker network ls -q ${mine})$(docker service ls -q ${mine})" ]; do sleep 0.02; done
until docker volume rm ${this.stack}_content >/dev/null 2>&1; do sleep 0.02; done`
  }

  /** Runs a script with the app's variables. */
  async sh(script: string): Promise<void> {
    await run('bash', ['-eu', '-c', script], {
      env: { ...this.#env, DOCKER_HOST: this.#settings.dockerHost },
      timeoutMs: 300_000,
    })
  }

  /** Takes away what the scripts may have left, the leak-free way, and the files. */
  async close(): Promise<void> {
    await this.clean()
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** Removes the stack the leak-free way. */
  async clean(): Promise<void> {
    await removeStack(await connectSwarm(this.#settings.dockerHost), this.stack, { timeoutMs: 60_000 })
  }
}
