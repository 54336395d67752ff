import { join } from 'node:path'
import { type SimpleGit, simpleGit } from 'simple-git'
import { CcciError, messageOf } from '../errors.ts'
import { MARK } from '../process/marked.ts'

/** Fetching or checking out failed for a reason that is not the recipe's: network, disk, a broken repository, a timeout. */
export class RecipeFetchError extends CcciError {}

/** How long one git call may take, in milliseconds. */
const TIMEOUT_MS = 120_000

/** What git may know of this process: how to reach a network and an SSH agent, nothing of a user's configuration. */
const PASSED_ON = [
  'PATH',
  'HOME',
  'SSH_AUTH_SOCK',
  'http_proxy',
  'https_proxy',
  'HTTPS_PROXY',
  'no_proxy',
  'NO_PROXY',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  // What git starts to fetch outlives it when it is killed, and is found by this.
  MARK,
]

const OWN = {
  GIT_TERMINAL_PROMPT: '0',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_SSH_COMMAND: 'ssh -o BatchMode=yes -o ConnectTimeout=20',
  GIT_OPTIONAL_LOCKS: '0',
  LC_ALL: 'C',
}

/**
 * The configuration git gets instead of the user's. `safe.directory` cannot be given on the command line: git does not hand
 * that on to the `upload-pack` that serves a repository of another user.
 */
export const GIT_CONFIG = `[safe]
	directory = *
[core]
	hooksPath = /dev/null
	fsmonitor = false
	autocrlf = false
[gc]
	auto = 0
[maintenance]
	auto = false
[advice]
	detachedHead = false
[submodule]
	recurse = false
`

/** The file inside a checkout's `.git` that holds `GIT_CONFIG`. */
export const configFile = (dir: string): string => join(dir, '.git', 'cc-ci.gitconfig')

/** Calls git in `dir`, each call bounded by two minutes and by `signal`, and returns what it printed. */
export type Git = (...args: string[]) => Promise<string>

/**
 * A git that knows no user, asks nothing and runs no hooks.
 *
 * @throws {RecipeFetchError} from each call that fails; what git said is in `lastSeen`.
 */
export function openGit(dir: string, options: { config?: string; signal?: AbortSignal | undefined } = {}): Git {
  const env: Record<string, string> = { ...OWN, GIT_CONFIG_GLOBAL: options.config ?? '/dev/null' }
  for (const name of PASSED_ON) {
    const value = process.env[name]
    if (value !== undefined) env[name] = value
  }
  return async (...args) => {
    const clock = AbortSignal.timeout(TIMEOUT_MS)
    const abort = options.signal ? AbortSignal.any([options.signal, clock]) : clock
    try {
      return await connect(dir, env, abort).raw(args)
    } catch (error) {
      options.signal?.throwIfAborted()
      throw new RecipeFetchError({
        happened: `\`git ${args.join(' ')}\` ${clock.aborted ? `did not end within ${TIMEOUT_MS / 1000} s` : 'failed'}.`,
        lastSeen: messageOf(error).trim(),
        evidence: dir,
        cause: error,
      })
    }
  }
}

function connect(dir: string, env: Record<string, string>, abort: AbortSignal): SimpleGit {
  return simpleGit({
    baseDir: dir,
    abort,
    allowEnvironment: Object.keys(env),
    unsafe: { allowUnsafeConfigPaths: true, allowUnsafeSshCommand: true },
  }).env(env)
}
