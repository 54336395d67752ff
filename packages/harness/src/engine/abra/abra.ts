import { userInfo } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { ProgramError, run } from '../../process/run.ts'
import type { Settings } from '../../settings/schema.ts'
import { AbraError, AbraMissingError, abraError } from './errors.ts'

/** How one call of abra is made. */
export interface AbraCall {
  signal?: AbortSignal | undefined
  /** Milliseconds until it is ended. Default: two minutes. */
  timeoutMs?: number
  /** Give it a terminal: some commands fail without one (`inappropriate ioctl for device`). */
  terminal?: boolean
  /** Told all that it printed before anything else is made of it, also when it failed. */
  onOutput?: (output: string) => void
}

/** Which abra is called, and on what it works. */
export interface AbraSettings extends Pick<Settings, 'abra' | 'dockerHost'> {
  /** Its ABRA_DIR. */
  dir: string
}

/** What abra may know of this process: how to reach a network and an SSH agent. */
const PASSED_ON = [
  'PATH',
  'SSH_AUTH_SOCK',
  'http_proxy',
  'https_proxy',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'no_proxy',
  'NO_PROXY',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
]

/**
 * Calls abra with its arguments, bounded and abortable, with an environment of its own. Values of secrets do not belong
 * among the arguments: the process list shows them.
 *
 * @returns what it printed, standard output and error as they came, without colours.
 * @throws {AbraMissingError | AbraError} {ProgramError} when it was aborted.
 */
export async function callAbra(settings: AbraSettings, args: string[], call: AbraCall = {}): Promise<string> {
  const [program, words] = call.terminal ? inTerminal([settings.abra, ...args]) : merged([settings.abra, ...args])
  try {
    const { all } = await run(program, words, {
      cleanEnv: true,
      env: environment(settings),
      signal: call.signal,
      ...(call.timeoutMs === undefined ? {} : { timeoutMs: call.timeoutMs }),
    })
    call.onOutput?.(all)
    return stripVTControlCharacters(all).replaceAll('\r', '')
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error
    call.onOutput?.(error.output)
    throw typed(settings, args, call, error)
  }
}

function typed(settings: AbraSettings, args: string[], call: AbraCall, error: ProgramError): Error {
  if (error.aborted) return error
  if (error.notFound && call.terminal) {
    return new AbraError({
      happened: '`script`, which gives abra the terminal it wants, is not installed.',
      todo: 'Install util-linux.',
      cause: error,
    })
  }
  // What a shell ends with that cannot run a program, or does not find it.
  if (error.exitCode === 126 || error.exitCode === 127) return missing(settings.abra, error)
  return abraError(args.join(' '), error)
}

/** @throws {AbraMissingError} when there is no such program, or it may not be run. */
export async function checkAbra(settings: AbraSettings): Promise<void> {
  try {
    await callAbra(settings, ['--version'], { timeoutMs: 30_000 })
  } catch (error) {
    // What an abra has to say to this is its own business: it is there.
    if (!(error instanceof AbraError)) throw error
  }
}

const missing = (program: string, cause: unknown): AbraMissingError =>
  new AbraMissingError({
    happened: `The engine "abra" was asked for, and \`${program}\` cannot be run here.`,
    todo: 'Install abra (https://docs.coopcloud.tech/abra/install), or name it with CCCI_ABRA; without CCCI_ENGINE=abra the built-in engine is used.',
    cause,
  })

/** Both outputs as one, so that their order is known: a FATA goes to standard output, what led to it may not. */
const merged = (words: string[]): [string, string[]] => ['sh', ['-c', 'exec "$0" "$@" 2>&1', ...words]]

/** `script` of util-linux runs a command, given as one text for a shell, in a terminal of its own, and ends as it ends. */
const inTerminal = (words: string[]): [string, string[]] => [
  'script',
  ['--quiet', '--return', '--command', words.map(quote).join(' '), '/dev/null'],
]

/** The word as a shell reads it back exactly. */
const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`

function environment({ dir, dockerHost }: AbraSettings): Record<string, string | undefined> {
  // abra stops without a home, and services often have none.
  const home = process.env.HOME || userInfo().homedir
  return {
    ...Object.fromEntries(PASSED_ON.map((name) => [name, process.env[name]])),
    HOME: home,
    ABRA_DIR: dir,
    DOCKER_HOST: dockerHost,
    DOCKER_CONFIG: process.env.DOCKER_CONFIG ?? join(home, '.docker'),
    // The shell that `script` starts.
    SHELL: '/bin/sh',
    TERM: 'dumb',
    LC_ALL: 'C.UTF-8',
  }
}
