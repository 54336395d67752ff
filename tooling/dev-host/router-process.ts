import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { CcciError, writeAtomically } from '@cc-ci/harness'
import { endProcess } from './end-process.ts'
import { hashOf, hashOfFolder } from './files.ts'
import type { DevHostPaths } from './paths.ts'
import { isRunning, markProcess, type ProcessMark } from './process-mark.ts'
import type { Step } from './step.ts'
import { until } from './until.ts'

/** The process that tells the proxy its routes did not start. */
class RouterStartError extends CcciError {}

const FOLDER = join(import.meta.dirname, 'proxy')
const START_DEADLINE_MS = 10_000

interface RunningRouter extends ProcessMark {
  /** What it was started from: its code and its arguments. */
  code: string
}

/** The router's process, when it runs. */
export function runningRouter(paths: DevHostPaths): RunningRouter | undefined {
  try {
    const router = JSON.parse(readFileSync(paths.routerPid, 'utf8')) as RunningRouter
    return isRunning(router) ? router : undefined
  } catch {
    return undefined
  }
}

/**
 * Makes the router run, in a session of its own. One that was started from other code is replaced.
 *
 * @throws {RouterStartError} with its last lines.
 */
export async function ensureRouter({ settings, paths }: Step): Promise<string> {
  const args = [settings.dockerHost, settings.proxyNetwork, paths.routerSocket]
  const code = hashOf(
    hashOfFolder(FOLDER, (name) => !name.endsWith('.test.ts')),
    process.version,
    ...args,
  )
  const before = runningRouter(paths)
  if (before?.code === code && existsSync(paths.routerSocket)) return `process ${before.pid}`
  await stopRouter(paths)
  const log = openSync(paths.routerLog, 'w', 0o600)
  const child = spawn(process.execPath, [join(FOLDER, 'main.ts'), ...args], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  child.on('error', () => {})
  child.unref()
  const mark = child.pid === undefined ? undefined : markProcess(child.pid)
  if (mark) writeAtomically(paths.routerPid, JSON.stringify({ ...mark, code } satisfies RunningRouter))
  const up = await until(
    () => (mark && isRunning(mark) ? existsSync(paths.routerSocket) : Promise.reject(failed(paths))),
    {
      deadlineMs: START_DEADLINE_MS,
      everyMs: 20,
    },
  )
  if (!up || !mark) throw failed(paths)
  return `process ${mark.pid}, ${before ? 'replaced' : 'started'}`
}

function failed(paths: DevHostPaths): RouterStartError {
  return new RouterStartError({
    happened: "The process that tells the dev host's proxy its routes did not start.",
    lastSeen: readFileSync(paths.routerLog, 'utf8').trimEnd().split('\n').slice(-10).join('\n'),
    evidence: paths.routerLog,
  })
}

/** Ends the router. */
export async function stopRouter(paths: DevHostPaths): Promise<boolean> {
  const router = runningRouter(paths)
  if (router) await endProcess(router, 3_000)
  rmSync(paths.routerPid, { force: true })
  rmSync(paths.routerSocket, { force: true })
  return router !== undefined
}
