import type { Readable, Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type Docker from 'dockerode'
import { messageOf, RecipeError } from '../errors.ts'
import { readFrames } from './frames.ts'

/** How a command is run in a container. Every call is bounded and abortable. */
export interface ExecOptions {
  /** Text for its standard input, which is then closed (secrets go here or in `env`, never in the command). */
  input?: string | Buffer
  env?: Record<string, string>
  /** `name`, `uid` or `uid:gid`; default: the image's user. */
  user?: string
  workdir?: string
  /** Milliseconds until {@link ExecTimeoutError}. Default: two minutes. */
  timeoutMs?: number
  signal?: AbortSignal | undefined
}

export interface ExecResult {
  exitCode: number
  stdout: string
  stderr: string
}

/** A command in a container ended with an exit code other than 0. */
export class ExecError extends RecipeError {
  readonly command: string[]
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string

  constructor(command: string[], result: ExecResult, where: string) {
    super({
      happened: `\`${shown(command)}\` in ${where} failed with exit code ${result.exitCode}.`,
      lastSeen: lastLines(result),
      todo: hasNoProgram(result) ? 'That container has no such program.' : undefined,
    })
    this.command = command
    this.exitCode = result.exitCode
    this.stdout = result.stdout
    this.stderr = result.stderr
  }
}

/** A command in a container did not end within its time. */
export class ExecTimeoutError extends RecipeError {}

/** The container is not running, or ended while a command ran in it. */
export class ContainerGoneError extends RecipeError {}

const DEFAULT_TIMEOUT_MS = 120_000

/** True when a command could not be started: the engine and the shells answer 126 or 127 when there is no such program. */
export const hasNoProgram = (result: ExecResult): boolean => result.exitCode === 126 || result.exitCode === 127

/** The last lines of what a command printed, for a person. */
export function lastLines(result: { stdout: string; stderr: string }, count = 12): string {
  const text = [result.stdout, result.stderr].map((part) => part.trimEnd()).filter(Boolean)
  return text.join('\n').split('\n').slice(-count).join('\n') || '(it printed nothing)'
}

const shown = (command: string[]): string => {
  const text = command.join(' ')
  return text.length > 300 ? `${text.slice(0, 300)}…` : text
}

/**
 * Runs a command in a running container to its end. Any exit code is an answer, not an error (126 or 127:
 * the container has no such program). After a time-out or an abort the command itself may go on until its container ends: Docker has no
 * way to end it.
 *
 * @throws {ExecTimeoutError | ContainerGoneError} or the signal's reason.
 */
export async function execIn(
  docker: Docker,
  containerId: string,
  command: string[],
  options: ExecOptions = {},
): Promise<ExecResult> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const clock = AbortSignal.timeout(timeoutMs)
  const signal = options.signal ? AbortSignal.any([options.signal, clock]) : clock
  try {
    signal.throwIfAborted()
    return await execute(docker, containerId, command, options, signal)
  } catch (error) {
    options.signal?.throwIfAborted()
    if (clock.aborted) {
      throw new ExecTimeoutError({
        happened: `\`${shown(command)}\` in container ${containerId.slice(0, 12)} did not end within ${timeoutMs / 1000} s.`,
        todo: 'If it only needs longer, give it a longer time.',
      })
    }
    throw error
  }
}

/** As {@link execIn}, and throws when the exit code is not 0. `where` names the container in the error. */
export async function execOk(
  docker: Docker,
  containerId: string,
  command: string[],
  options: ExecOptions & { where?: string } = {},
): Promise<ExecResult> {
  const result = await execIn(docker, containerId, command, options)
  if (result.exitCode === 0) return result
  throw new ExecError(command, result, options.where ?? `container ${containerId.slice(0, 12)}`)
}

async function execute(
  docker: Docker,
  containerId: string,
  command: string[],
  options: ExecOptions,
  signal: AbortSignal,
): Promise<ExecResult> {
  const withInput = options.input !== undefined
  try {
    const exec = await docker.getContainer(containerId).exec({
      Cmd: command,
      AttachStdin: withInput,
      AttachStdout: true,
      AttachStderr: true,
      ...(options.env ? { Env: Object.entries(options.env).map(([name, value]) => `${name}=${value}`) } : {}),
      ...(options.user === undefined ? {} : { User: options.user }),
      ...(options.workdir === undefined ? {} : { WorkingDir: options.workdir }),
    })
    const stream = (await exec.start({
      hijack: withInput,
      stdin: withInput,
      abortSignal: signal,
    })) as unknown as Readable & Writable
    const stop = () => stream.destroy(new Error('aborted'))
    signal.addEventListener('abort', stop, { once: true })
    try {
      // A program that ends without reading its input breaks the pipe: its exit code says what happened.
      if (withInput) stream.on('error', () => {}).end(options.input)
      const printed = await readFrames(stream)
      return { exitCode: await exitCodeOf(exec, containerId, signal), ...printed }
    } finally {
      signal.removeEventListener('abort', stop)
      stream.destroy()
    }
  } catch (error) {
    throw readable(error, containerId) ?? error
  }
}

/** The exit code; the stream can end a moment before the engine has noted it. */
async function exitCodeOf(exec: Docker.Exec, containerId: string, signal: AbortSignal): Promise<number> {
  for (;;) {
    const state = await exec.inspect()
    if (!state.Running && typeof state.ExitCode === 'number') return state.ExitCode
    if (!state.Running && state.ExitCode === null) throw gone(containerId, 'no exit code was left behind')
    await delay(10, undefined, { signal })
  }
}

const gone = (containerId: string, lastSeen: string): ContainerGoneError =>
  new ContainerGoneError({
    happened: `Container ${containerId.slice(0, 12)} is not running, or ended while a command ran in it.`,
    lastSeen,
    todo: 'See its log for why it ended.',
  })

function readable(error: unknown, containerId: string): Error | undefined {
  const { statusCode } = error as { statusCode?: number }
  if (statusCode === 404 || statusCode === 409) return gone(containerId, messageOf(error))
  if (/is not running|container stopped|no such container/i.test(messageOf(error)))
    return gone(containerId, messageOf(error))
  return undefined
}
