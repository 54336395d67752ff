import { type ExecaError, execa } from 'execa'
import { CcciError } from '../errors.ts'
import { MARK } from './marked.ts'

/** How an external program is called. Every call is bounded and abortable. */
export interface RunOptions {
  cwd?: string
  /** Extra variables; with `cleanEnv` the only ones. */
  env?: Record<string, string | undefined>
  /** Give the program nothing of this process's environment but the mark of the run it belongs to. */
  cleanEnv?: boolean
  /** Milliseconds until the program is ended. Default: two minutes. */
  timeoutMs?: number
  signal?: AbortSignal | undefined
  /** Text for its standard input (secrets go here, never on the command line). */
  input?: string
  /** Also hand over each line as it comes. */
  onLine?: (line: string) => void
}

/** What a program that exited with 0 printed. `all` is stdout and stderr as they came. */
export interface RunResult {
  all: string
  stdout: string
  durationMs: number
}

/** Why a program did not do its work; exactly one of the booleans is true. */
export class ProgramError extends CcciError {
  readonly program: string
  readonly exitCode: number | undefined
  readonly output: string
  readonly notFound: boolean
  readonly timedOut: boolean
  readonly aborted: boolean
  readonly killed: boolean
  readonly failed: boolean

  constructor(program: string, error: ExecaError, options: RunOptions) {
    const output = String(error.all ?? '').trim()
    const notFound = error.code === 'ENOENT'
    super({
      happened: `\`${program}\` ${reason(error, options)}.`,
      lastSeen: output.split('\n').slice(-12).join('\n'),
      todo: notFound ? `Install ${program.split(' ')[0]}.` : undefined,
      cause: error,
    })
    this.program = program
    this.exitCode = error.exitCode
    this.output = output
    this.notFound = notFound
    this.timedOut = error.timedOut
    this.aborted = error.isCanceled && !error.timedOut
    this.killed = error.isTerminated && !error.timedOut && !error.isCanceled
    this.failed = !(this.notFound || this.timedOut || this.aborted || this.killed)
  }
}

function reason(error: ExecaError, options: RunOptions): string {
  if (error.code === 'ENOENT') return 'is not installed'
  if (error.timedOut)
    return `did not end within ${Math.round((options.timeoutMs ?? DEFAULT_TIMEOUT_MS) / 1000)} s and was ended`
  if (error.isCanceled) return 'was aborted'
  if (error.signal) return `was ended by ${error.signal}`
  return `failed with exit code ${error.exitCode}`
}

const DEFAULT_TIMEOUT_MS = 120_000

/**
 * Runs a program to its end and returns what it printed.
 *
 * @throws {ProgramError} when it is missing, fails, times out or is aborted; its last lines are in the message.
 */
export async function run(file: string, args: string[], options: RunOptions = {}): Promise<RunResult> {
  const started = performance.now()
  const child = execa(file, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...(options.cleanEnv ? { [MARK]: process.env[MARK] } : {}), ...options.env },
    extendEnv: !options.cleanEnv,
    timeout: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    all: true,
    forceKillAfterDelay: 2_000,
    maxBuffer: 64 * 2 ** 20,
    reject: false,
  })
  if (options.onLine) {
    const { onLine } = options
    void (async () => {
      for await (const line of child.iterable({ from: 'all' })) onLine(String(line))
    })().catch(() => {})
  }
  const result = await child
  if (result.failed) throw new ProgramError([file, ...args].join(' '), result as unknown as ExecaError, options)
  return { all: String(result.all), stdout: String(result.stdout), durationMs: performance.now() - started }
}
