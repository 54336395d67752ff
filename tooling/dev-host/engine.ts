import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { CcciError, connectDocker, messageOf, run, UsageError } from '@cc-ci/harness'
import type Docker from 'dockerode'
import { recordMade } from './host.ts'
import { isRunning, markProcess, type ProcessMark } from './process-mark.ts'
import type { Step } from './step.ts'
import { findProgram, installPackages } from './system.ts'
import { until } from './until.ts'

/** A Docker engine was started and did not come up. */
export class EngineStartError extends CcciError {}

/** The settings name an engine that does not answer and that is not ours to start. */
export class ForeignEngineError extends UsageError {}

/** Where Debian's engine listens; any other address is somebody's own engine. */
const OWN_SOCKETS = ['/var/run/docker.sock', '/run/docker.sock']

const START_DEADLINE_MS = 60_000

/** Makes an engine answer, and a `docker` client be there. Returns the engine and how it came about. */
export async function ensureEngine(
  step: Omit<Step, 'docker'>,
  present: Docker | undefined,
): Promise<{ docker: Docker; how: string }> {
  const how = present ? await describe(present, 'used as it is') : await bringUp(step)
  await ensureClient(step.say)
  return { docker: present ?? (await connectDocker(step.settings.dockerHost)), how }
}

async function describe(docker: Docker, how: string): Promise<string> {
  const { Version } = await docker.version()
  return `Docker ${Version}, ${how}`
}

async function bringUp({ settings, paths, say }: Omit<Step, 'docker'>): Promise<string> {
  const { dockerHost } = settings
  if (!OWN_SOCKETS.includes(dockerHost.replace(/^unix:\/\//, ''))) {
    throw new ForeignEngineError({
      happened: `No Docker engine answers at ${dockerHost}.`,
      todo: 'Start that engine, or unset DOCKER_HOST: an engine is then started at its usual place.',
    })
  }
  if (!findProgram('dockerd')) {
    say('installing docker.io')
    await installPackages(['docker.io', 'iptables', 'iproute2'], 'The Docker engine', say)
  }
  const service = existsSync('/run/systemd/system')
  say(service ? 'starting the docker service' : 'starting dockerd')
  if (service) {
    await run('systemctl', ['start', 'docker'], { timeoutMs: START_DEADLINE_MS })
    recordMade(settings.stateDir, { engine: { unit: 'docker' } })
  } else {
    const engine = startEngine(['dockerd', '--host', dockerHost], paths.engineLog)
    recordMade(settings.stateDir, { engine: { process: engine } })
    await engineAnswers(dockerHost, engine, paths.engineLog)
  }
  return await describe(await connectDocker(dockerHost), 'started')
}

/**
 * Starts `dockerd` in a session of its own, so that it outlives this terminal.
 *
 * @throws {EngineStartError} when it cannot even be started.
 */
export function startEngine([program = 'dockerd', ...args]: string[], log: string): ProcessMark {
  mkdirSync(dirname(log), { recursive: true })
  const output = openSync(log, 'a', 0o600)
  try {
    const child = spawn(findProgram(program) ?? program, args, { detached: true, stdio: ['ignore', output, output] })
    child.on('error', () => {})
    child.unref()
    const mark = child.pid === undefined ? undefined : markProcess(child.pid)
    if (mark) return mark
    throw new EngineStartError({ happened: `${program} could not be started.`, evidence: log })
  } finally {
    closeSync(output)
  }
}

/**
 * Waits until the engine answers.
 *
 * @throws {EngineStartError} as soon as its process has died, or after a minute; with its last lines.
 */
export async function engineAnswers(dockerHost: string, engine: ProcessMark, log: string): Promise<void> {
  let lastAnswer = ''
  const answered = await until(
    async () => {
      try {
        return await connectDocker(dockerHost)
      } catch (error) {
        lastAnswer = messageOf(error)
      }
      if (!isRunning(engine)) throw failed('ended right after its start', log)
      return undefined
    },
    { deadlineMs: START_DEADLINE_MS, everyMs: 100 },
  )
  if (!answered) throw failed(`does not answer after ${START_DEADLINE_MS / 1000} s (${lastAnswer})`, log)
}

function failed(what: string, log: string): EngineStartError {
  return new EngineStartError({
    happened: `The Docker engine ${what}.`,
    lastSeen: lastWords(readFileSync(log, 'utf8')),
    todo: 'A kernel without the netfilter or overlay modules is the usual cause; another dockerd on the same data the next.',
    evidence: log,
  })
}

/** The log's last lines but for the engine's small talk, among which the reason is easily overlooked. */
const lastWords = (log: string): string =>
  log
    .trimEnd()
    .split('\n')
    .filter((line) => !/ level=(info|debug) /.test(line))
    .slice(-8)
    .join('\n')

/** Deployments and image builds go through the `docker` client, which newer Debians package apart from the engine. */
async function ensureClient(say: (text: string) => void): Promise<void> {
  if (findProgram('docker')) return
  await installPackages(['docker-cli'], 'The Docker client', say)
}
