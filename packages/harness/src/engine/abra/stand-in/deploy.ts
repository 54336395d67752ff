import { rmSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { findApp, modifiers, type StandInApp, variables, writeType } from './app.ts'
import { type ComposeFile, change, readComposeFiles, writeFiles } from './compose.ts'
import { docker, secretNames } from './docker.ts'
import { FataError } from './fata.ts'
import type { Given } from './flags.ts'
import { ensureRecipe, ensureVersion, git, isDirty, lint, versions } from './recipe.ts'
import { secretsOf } from './secret.ts'

/** `app deploy <domain> [version]`. */
export async function deploy({ words: [domain, wanted], has }: Given): Promise<void> {
  const app = findApp(domain)
  ensureRecipe(app.recipe)
  const chaos = has('-C')
  if (chaos && wanted) throw new FataError('cannot use [version] and --chaos together')
  const version = chaos ? chaosVersion(app.recipe) : publishedVersion(app, wanted, has('-i'))
  if ((await isDeployed(app.stack)) && !has('-f') && !chaos) throw new FataError(`${domain} is already deployed`)
  await checkSecrets(app)
  const env = variables(app)
  const files = readComposeFiles(app.recipe, env)
  const prefix = `coop-cloud.${app.stack}`
  const labels = {
    [`${prefix}.recipe`]: app.recipe,
    [`${prefix}.chaos`]: String(chaos),
    // In chaos the version label keeps what the compose file says.
    [`${prefix}.${chaos ? 'chaos-version' : 'version'}`]: version,
  }
  change(files, labels, { ...env, TYPE: `${app.recipe}:${version}` })
  if (!has('-D')) throw new FataError(`domain check failed: no A record for ${domain}`)
  if (!has('-n')) throw new FataError('the stand-in asks nothing: use -n')
  await stackDeploy(app, files, env)
  if (!has('-c')) await converge(app, Number(env.TIMEOUT) || 50)
  writeType(app, version)
  console.log('INFO deploy succeeded 🟢')
}

function chaosVersion(recipe: string): string {
  return `${git(recipe, 'rev-parse', 'HEAD').slice(0, 8)}${isDirty(recipe) ? '+U' : ''}`
}

/** The argument, else the version in the `.env`, else the newest tag, else the commit; checked out and linted. */
function publishedVersion(app: StandInApp, wanted: string | undefined, ignoreEnv: boolean): string {
  const { recipe } = app
  const version = wanted ?? (ignoreEnv ? undefined : app.version) ?? versions(recipe).at(-1)
  ensureVersion(recipe, version ?? 'HEAD')
  const [broken] = lint(recipe)
  if (broken) throw new FataError(`lint ${broken.rule} "${broken.says}"`)
  return version ?? git(recipe, 'rev-parse', 'HEAD').slice(0, 8)
}

async function isDeployed(stack: string): Promise<boolean> {
  const label = `label=com.docker.stack.namespace=${stack}`
  return (await docker(['service', 'ls', '--quiet', '--filter', label])) !== ''
}

async function checkSecrets(app: StandInApp): Promise<void> {
  const there = await secretNames()
  for (const { key, name, variable } of secretsOf(app)) {
    if (there.includes(name)) continue
    const insert = modifiers(app, variable).generate === 'false'
    throw new FataError(insert ? `secret not inserted (#generate=false): ${key}` : `secret not generated: ${key}`)
  }
}

async function stackDeploy(app: StandInApp, files: ComposeFile[], env: Record<string, string>): Promise<void> {
  const { folder, paths } = writeFiles(app.recipe, files)
  const remove = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', remove)
  const compose = paths.flatMap((path) => ['--compose-file', path])
  await docker(['stack', 'deploy', '--resolve-image', 'always', ...compose, app.stack], { env })
}

/** abra is impatient: what is not up in its time has failed, though it might come up. */
async function converge(app: StandInApp, seconds: number): Promise<void> {
  const deadline = Date.now() + seconds * 1000
  for (;;) {
    const replicas = (await docker(['stack', 'services', '--format', '{{.Replicas}}', app.stack])).split('\n')
    if (replicas.every((text) => text.split('/')[0] === text.split(/[/ ]/)[1])) return
    if (Date.now() > deadline) throw new FataError('deploy failed 🛑')
    await pause(500)
  }
}
