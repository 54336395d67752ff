import type Docker from 'dockerode'
import { ContainerGoneError, ExecTimeoutError, execIn, hasNoProgram, lastLines } from '../docker/exec.ts'
import { openPulse } from '../docker/pulse.ts'
import { messageOf, RecipeError } from '../errors.ts'
import type { BackupHook, BackupTarget } from './backup.ts'

/** A backup or restore hook failed: what it was to prepare cannot be trusted. */
export class HookError extends RecipeError {
  readonly exitCode: number | undefined
  /** The last lines it printed. */
  readonly output: string

  constructor(hook: BackupHook, what: { reason: string; exitCode?: number; output?: string; cause?: unknown }) {
    super({
      happened: `The ${hook.when} hook of the service "${hook.service}" ${what.reason}: ${hook.command}`,
      lastSeen: what.output,
      todo: hint(what.exitCode),
      cause: what.cause,
    })
    this.exitCode = what.exitCode
    this.output = what.output ?? ''
  }
}

/** The service that is to run a hook has no running container. */
export class HookContainerMissingError extends RecipeError {}

export interface HookClocks {
  /** Milliseconds one hook may take. */
  hookMs: number
  /** Milliseconds to wait for a container that swarm is just bringing up again. */
  containerMs: number
}

const hint = (exitCode: number | undefined): string | undefined =>
  exitCode === 126 || exitCode === 127
    ? 'The command is not in that container: is its config mounted in the version that is deployed?'
    : undefined

/**
 * Runs the hooks for one moment, one after the other in the order of the labels, each in the running container of its
 * service, looked up when its turn comes (swarm may have replaced it meanwhile). Commands go to `sh -c`, as the image's
 * own user.
 *
 * @throws {HookError | HookContainerMissingError} at the first that fails.
 */
export async function runHooks(
  docker: Docker,
  target: BackupTarget,
  when: BackupHook['when'],
  clocks: HookClocks,
  signal?: AbortSignal,
): Promise<void> {
  for (const hook of target.spec.hooks.filter((candidate) => candidate.when === when)) {
    const container = await runningContainer(docker, target.stack, hook, clocks.containerMs, signal)
    await runHook(docker, container, hook, clocks.hookMs, signal)
  }
}

async function runHook(
  docker: Docker,
  container: string,
  hook: BackupHook,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    const result = await execIn(docker, container, ['sh', '-c', hook.command], { timeoutMs, signal })
    if (result.exitCode === 0) return
    const reason = hasNoProgram(result) ? 'cannot be run' : `failed with exit code ${result.exitCode}`
    throw new HookError(hook, { reason, exitCode: result.exitCode, output: lastLines(result) })
  } catch (error) {
    if (error instanceof ContainerGoneError)
      throw new HookError(hook, { reason: 'lost its container', output: messageOf(error), cause: error })
    if (error instanceof ExecTimeoutError)
      throw new HookError(hook, { reason: `did not end within ${timeoutMs / 1000} s`, cause: error })
    throw error
  }
}

/** The service's newest running container; one whose healthcheck has not answered yet is given time. */
async function runningContainer(
  docker: Docker,
  stack: string,
  hook: BackupHook,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<string> {
  const service = `${stack}_${hook.service}`
  const first = await look(docker, service)
  if (first?.settled) return first.id
  const deadline = performance.now() + timeoutMs
  const pulse = await openPulse(docker, stack)
  try {
    for (;;) {
      signal?.throwIfAborted()
      const found = await look(docker, service)
      const left = deadline - performance.now()
      if (found && (found.settled || left <= 0)) return found.id
      if (left <= 0) throw missing(service, hook, timeoutMs)
      await pulse.changed(Math.min(250, left), signal)
    }
  } finally {
    pulse.close()
  }
}

async function look(docker: Docker, service: string): Promise<{ id: string; settled: boolean } | undefined> {
  const containers = await docker.listContainers({
    filters: { label: [`com.docker.swarm.service.name=${service}`], status: ['running'] },
  })
  const newest = containers.sort((one, other) => other.Created - one.Created)[0]
  return newest && { id: newest.Id, settled: !newest.Status.includes('health: starting') }
}

const missing = (service: string, hook: BackupHook, timeoutMs: number): HookContainerMissingError =>
  new HookContainerMissingError({
    happened: `No container of ${service} is running for its ${hook.when} hook (waited ${timeoutMs / 1000} s): ${hook.command}`,
    todo: 'Is that service up, with at least one replica? Labels that belong to another service?',
  })
