import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { CcciError, messageOf, run, UsageError } from '@cc-ci/harness'
import { hashOf, hashOfFolder } from './files.ts'
import { withLock } from './lock.ts'
import { findProgram } from './system.ts'

/** A program could not be built from its Go module. */
class GoBuildError extends CcciError {}

/** There is no Go that could build it. */
class GoMissingError extends UsageError {}

/** Programs that are built from Go modules. */
export interface GoProgram {
  /** What it is called: in messages, and in lower case in the cache. */
  name: string
  version: string
  /** Where its go.mod and go.sum are. */
  folder: string
  /** What is built: packages by the names of their programs. */
  packages: Record<string, string>
  tags?: string
  /** Flags for the linker. */
  link: string
  /** Puts more into the folder of a build, with Go run in the module. */
  finish?(place: string, go: (args: string[]) => Promise<string>): Promise<void>
}

/** It takes minutes on a small machine, much longer on a busy one. */
const BUILD_MS = 40 * 60_000

const isInput = (name: string): boolean => name === 'go.mod' || name === 'go.sum'

const cacheRoot = (): string => join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'cc-ci')

const prefixOf = ({ name }: Pick<GoProgram, 'name'>): string => `${name.toLowerCase()}-`

/** Changes whenever what is built would. */
export function hashOfGoProgram({ folder, version, tags = '', link }: GoProgram): string {
  return hashOf(hashOfFolder(folder, isInput), version, tags, link, process.arch)
}

/** The folder where its build of this content is, or would be. */
export const goBuildPlace = (program: GoProgram): string =>
  join(cacheRoot(), `${prefixOf(program)}${hashOfGoProgram(program)}`)

/**
 * Builds it where no build of this content is in the user's cache; one at a time on a machine.
 *
 * @throws {GoMissingError | GoBuildError}
 */
export async function ensureGoBuild(
  program: GoProgram,
  say: (text: string) => void,
): Promise<{ place: string; made: boolean }> {
  const place = goBuildPlace(program)
  const waiting = () => say('another process builds it')
  return await withLock(`go build ${place}`, waiting, async () => {
    const made = !existsSync(place)
    if (made) await build(program, place, say)
    return { place, made }
  })
}

/** Takes every build of it away. Returns how many there were. */
export function removeGoBuilds(program: Pick<GoProgram, 'name'>): number {
  const all = existsSync(cacheRoot()) ? readdirSync(cacheRoot()) : []
  const builds = all.filter((name) => name.startsWith(prefixOf(program)))
  for (const name of builds) rmSync(join(cacheRoot(), name), { recursive: true, force: true })
  return builds.length
}

async function build(program: GoProgram, place: string, say: (text: string) => void): Promise<void> {
  const { name, version, folder, packages, tags, link, finish } = program
  if (!findProgram('go')) {
    throw new GoMissingError({
      happened: `Building ${name} needs Go, and it is not installed.`,
      todo: 'Install Go 1.21 or later (it fetches the version that is needed by itself).',
    })
  }
  const go = (args: string[]) => runGo(folder, args, say)
  const next = `${place}.${process.pid}`
  rmSync(next, { recursive: true, force: true })
  mkdirSync(next, { recursive: true })
  try {
    say('building it: minutes, the first time')
    const flags = ['-mod=readonly', '-trimpath', ...(tags ? ['-tags', tags] : []), '-ldflags', link]
    for (const [file, path] of Object.entries(packages)) await go(['build', ...flags, '-o', join(next, file), path])
    await finish?.(next, go)
    renameSync(next, place)
  } catch (error) {
    throw new GoBuildError({
      happened: `${name} ${version} could not be built.`,
      lastSeen: messageOf(error),
      todo: 'Check the network and the free disk, then bring the dev host up again; what was built is kept.',
      cause: error,
    })
  } finally {
    rmSync(next, { recursive: true, force: true })
  }
}

/** Behind everything else that the machine does. */
async function runGo(cwd: string, args: string[], say: (text: string) => void): Promise<string> {
  const env = { GOFLAGS: '', GOTOOLCHAIN: 'auto', GOWORK: 'off' }
  return (await run('nice', ['-n', '10', 'go', ...args], { cwd, env, timeoutMs: BUILD_MS, onLine: say })).stdout
}
