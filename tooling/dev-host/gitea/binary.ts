import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { CcciError, messageOf, run, UsageError } from '@cc-ci/harness'
import { hashOf, hashOfFolder } from '../files.ts'
import { withLock } from '../lock.ts'
import { findProgram } from '../system.ts'

/** Gitea could not be built from its Go module. */
class GiteaBuildError extends CcciError {}

/** There is no Go that could build it. */
class GoMissingError extends UsageError {}

/** No Gitea was built on this machine yet. */
export class NoGiteaError extends UsageError {}

/** A Gitea that can be started: the program, and what it shows pages with. */
export interface GiteaBuild {
  program: string
  static: string
}

const MODULE = 'code.gitea.io/gitea'
const VERSION = '1.26.0'
const TAGS = 'sqlite sqlite_unlock_notify'
const LINK = `-s -w -X main.Version=${VERSION}`

/** Pages are shown with these folders of the module; its zip has neither styles nor scripts. */
const SHOWN_WITH = ['templates', 'options', 'public']

/** It takes minutes on a small machine. */
const BUILD_MS = 40 * 60_000

const SOURCE = import.meta.dirname

const isInput = (name: string): boolean => name === 'go.mod' || name === 'go.sum'

const cacheRoot = (): string => join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'cc-ci')

/** Where the Gitea of this content is, or would be. */
function placeOf(): string {
  return join(cacheRoot(), `gitea-${hashOf(hashOfFolder(SOURCE, isInput), VERSION, TAGS, LINK, process.arch)}`)
}

const buildIn = (place: string): GiteaBuild => ({ program: join(place, 'gitea'), static: join(place, 'static') })

/** The Gitea that was built on this machine. @throws {NoGiteaError} */
export function builtGitea(): GiteaBuild {
  const place = placeOf()
  if (existsSync(place)) return buildIn(place)
  throw new NoGiteaError({
    happened: 'No Gitea was built on this machine yet.',
    todo: 'Build it, which takes some minutes once: npm run dev-host -- up --with gitea',
  })
}

/**
 * Builds Gitea from its Go module where no build of this content is in the user's cache; one at a time on a machine.
 *
 * @throws {GoMissingError | GiteaBuildError}
 */
export async function ensureGiteaBuild(say: (text: string) => void): Promise<GiteaBuild & { made: boolean }> {
  const place = placeOf()
  const waiting = () => say('another process builds it')
  return await withLock(`gitea build ${place}`, waiting, async () => {
    const made = !existsSync(place)
    if (made) await build(place, say)
    return { ...buildIn(place), made }
  })
}

/** Takes every build away. */
export function removeGiteaBuilds(): number {
  const builds = existsSync(cacheRoot()) ? readdirSync(cacheRoot()).filter((name) => name.startsWith('gitea-')) : []
  for (const name of builds) rmSync(join(cacheRoot(), name), { recursive: true, force: true })
  return builds.length
}

async function build(place: string, say: (text: string) => void): Promise<void> {
  if (!findProgram('go')) {
    throw new GoMissingError({
      happened: 'Building Gitea needs Go, and it is not installed.',
      todo: 'Install Go 1.21 or later (it fetches the version that is needed by itself).',
    })
  }
  const next = `${place}.${process.pid}`
  rmSync(next, { recursive: true, force: true })
  mkdirSync(next, { recursive: true })
  try {
    say('building it: minutes, the first time')
    const built = buildIn(next)
    const flags = ['-mod=readonly', '-trimpath', '-tags', TAGS, '-ldflags', LINK]
    await go(['build', ...flags, '-o', built.program, MODULE], say)
    const module = (await go(['list', '-mod=readonly', '-m', '-f', '{{.Dir}}', MODULE], say)).trim()
    for (const name of SHOWN_WITH) {
      // The module cache is read-only; a copy that is, too, could not be removed.
      if (existsSync(join(module, name))) await copyWritable(join(module, name), join(built.static, name))
    }
    renameSync(next, place)
  } catch (error) {
    throw new GiteaBuildError({
      happened: `Gitea ${VERSION} could not be built.`,
      lastSeen: messageOf(error),
      todo: 'Check the network and the free disk, then bring the dev host up again; what was built is kept.',
      cause: error,
    })
  } finally {
    rmSync(next, { recursive: true, force: true })
  }
}

async function copyWritable(from: string, to: string): Promise<void> {
  cpSync(from, to, { recursive: true })
  await run('chmod', ['-R', 'u+w', to])
}

/** Behind everything else that the machine does. */
async function go(args: string[], say: (text: string) => void): Promise<string> {
  const env = { GOFLAGS: '', GOTOOLCHAIN: 'auto', GOWORK: 'off' }
  return (await run('nice', ['-n', '10', 'go', ...args], { cwd: SOURCE, env, timeoutMs: BUILD_MS, onLine: say })).stdout
}
