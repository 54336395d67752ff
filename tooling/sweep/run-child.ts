import { fork } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The command line with a root of its own. */
export const RUN_MAIN = join(import.meta.dirname, 'run-main.ts')

export interface ChildRequest {
  program: string
  args: string[]
  env: Record<string, string | undefined>
  /** The file that takes what it prints. */
  log: string
  /** Another one for its standard output. */
  out?: string
}

/** How a child ended. */
export interface ChildEnd {
  exitCode: number | undefined
  signal: NodeJS.Signals | undefined
}

/**
 * Starts a program of ours in a process group of its own, so that a terminal's Ctrl-C comes through here. It sees its channel
 * close when this process, or thread, is gone.
 */
export function startChild({ program, args, env, log, out = log }: ChildRequest): {
  kill(signal: NodeJS.Signals): void
  end: Promise<ChildEnd>
} {
  const [stdout, stderr] = [openSync(out, 'a'), openSync(log, 'a')]
  try {
    const child = fork(program, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', stdout, stderr, 'ipc'],
      detached: true,
      // Those of a test runner are none of its.
      execArgv: [],
    })
    const end = new Promise<ChildEnd>((resolve, reject) => {
      child.on('error', reject)
      child.on('exit', (code, signal) => resolve({ exitCode: code ?? undefined, signal: signal ?? undefined }))
    })
    return { kill: (signal) => void child.kill(signal), end }
  } finally {
    closeSync(stdout)
    closeSync(stderr)
  }
}

/** What says which run to make: it must not come from whoever starts a sweep. */
const OF_A_RUN = [
  'RUN_ID',
  'RECIPE',
  'REF',
  'PR',
  'STAGES',
  'PLAN',
  'QUICK',
  'PROMOTE',
  'BASE_URL',
  'APP_DOMAIN',
  'STACK',
]

/** The environment of a sweep's children: nobody looks at a failed app at night. */
export const childEnvironment = (more: Record<string, string> = {}): Record<string, string | undefined> => ({
  ...Object.fromEntries([...OF_A_RUN, 'ATTACHMENT'].map((name) => [`CCCI_${name}`, undefined])),
  CCCI_KEEP_ON_FAILURE: 'no',
  FORCE_COLOR: undefined,
  ...more,
})

/** The last lines of what a child has printed. */
export function lastLines(file: string, count = 12): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n')
  } catch {
    return ''
  }
}
