import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { CcciError, run, writeAtomically } from '@cc-ci/harness'
import { endProcess } from '../end-process.ts'
import { markProcess, type ProcessMark } from '../process-mark.ts'
import { until } from '../until.ts'
import type { GiteaBuild } from './binary.ts'
import { type GiteaPlace, giteaIni, giteaUrl } from './ini.ts'

/** Gitea did not start. */
class GiteaStartError extends CcciError {}

/** Its administrator, by whose token everything is set up. */
const ADMIN = 'admin1'

const START_MS = 60_000

const configOf = ({ folder }: GiteaPlace): string => join(folder, 'app.ini')
const tokenFile = ({ folder }: GiteaPlace): string => join(folder, 'admin.token')
const logFile = ({ folder }: GiteaPlace): string => join(folder, 'gitea.log')

/** A port of 127.0.0.1 that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('there is no port')
  return address.port
}

/**
 * Makes the files of a Gitea in a folder, with an administrator, where there are none.
 *
 * @returns the administrator's token.
 */
export async function prepareGitea(place: GiteaPlace, build: GiteaBuild): Promise<string> {
  if (existsSync(tokenFile(place))) return readFileSync(tokenFile(place), 'utf8').trim()
  const assets = join(place.folder, 'custom', 'public', 'assets', '.vite')
  mkdirSync(assets, { recursive: true, mode: 0o700 })
  // The module has no scripts; each page would be followed by an error in the log.
  writeAtomically(join(assets, 'manifest.json'), '{}')
  writeAtomically(configOf(place), giteaIni(place, build.static), 0o600)
  const gitea = (...args: string[]) => run(build.program, [...args, '--config', configOf(place)], { cwd: place.folder })
  await gitea('migrate')
  await gitea(
    ...['admin', 'user', 'create', '--admin', '--username', ADMIN, '--random-password', '--must-change-password=false'],
    ...['--email', `${ADMIN}@localhost`],
  )
  const said = await gitea(
    ...['admin', 'user', 'generate-access-token', '--username', ADMIN, '--token-name', 'dev-host', '--scopes', 'all'],
    '--raw',
  )
  // Warnings stand before or after it.
  const token = /^[0-9a-f]{40}$/m.exec(said.stdout)?.[0]
  if (token === undefined) {
    throw new GiteaStartError({ happened: 'Gitea made no token for its administrator.', lastSeen: said.all })
  }
  writeAtomically(tokenFile(place), token, 0o600)
  return token
}

/**
 * Starts a Gitea in a process group of its own and waits until it answers.
 *
 * @throws {GiteaStartError} with its last lines.
 */
export async function startGitea(place: GiteaPlace, build: GiteaBuild): Promise<ProcessMark> {
  const log = openSync(logFile(place), 'a', 0o600)
  const child = spawn(build.program, ['web', '--config', configOf(place)], {
    cwd: place.folder,
    detached: true,
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  child.unref()
  let ended = false
  child.on('error', () => {
    ended = true
  })
  child.on('exit', () => {
    ended = true
  })
  const mark = child.pid === undefined ? undefined : markProcess(child.pid)
  const up = await until(() => (ended ? Promise.reject(failed(place)) : answers(place)), { deadlineMs: START_MS })
  if (!up || !mark) throw failed(place)
  return mark
}

/** Ends a Gitea in order, and then whatever it has started and left (git). */
export async function endGitea(mark: ProcessMark): Promise<void> {
  await endProcess(mark, 10_000)
  try {
    process.kill(-mark.pid, 'SIGKILL')
  } catch {
    // There is nothing left of its group.
  }
}

/** Whether it answers. */
export async function answers(place: GiteaPlace): Promise<boolean> {
  try {
    const { ok } = await fetch(`${giteaUrl(place)}/api/healthz`, { signal: AbortSignal.timeout(2_000) })
    return ok
  } catch {
    return false
  }
}

function failed(place: GiteaPlace): GiteaStartError {
  const said = existsSync(logFile(place)) ? readFileSync(logFile(place), 'utf8') : ''
  return new GiteaStartError({
    happened: 'Gitea did not start.',
    lastSeen: said.trimEnd().split('\n').slice(-10).join('\n'),
    evidence: logFile(place),
  })
}
