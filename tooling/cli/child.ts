import { constants } from 'node:os'
import { join } from 'node:path'
import { tagsExpression } from '@cc-ci/harness'
import { execa } from 'execa'
import type { RunRequest } from './request.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** How the runner's process ended. */
export interface ChildEnd {
  exitCode: number
  /** The first signal that this process was told to end with, or that ended the child. */
  signal: NodeJS.Signals | undefined
}

/** By which exit code a shell says that a program was ended by a signal. */
export const codeOfSignal = (signal: NodeJS.Signals): number => 128 + constants.signals[signal]

const environment = ({
  runId,
  recipe,
  ref,
  pr,
  stages,
  plan,
  quick,
  keepOnFailure,
}: RunRequest): Record<string, string | undefined> => ({
  CCCI_RUN_ID: runId,
  CCCI_RECIPE: recipe,
  CCCI_REF: ref,
  CCCI_PR: pr,
  CCCI_STAGES: stages?.join(','),
  CCCI_PLAN: plan,
  CCCI_QUICK: quick ? '1' : undefined,
  CCCI_KEEP_ON_FAILURE: String(keepOnFailure),
  // A run has an app of its own; whoever set these meant another program.
  CCCI_BASE_URL: undefined,
  CCCI_APP_DOMAIN: undefined,
  CCCI_ATTACHMENT: undefined,
})

/**
 * Runs the recipe's Vitest project to its end. The child has a process group of its own, so that a terminal's Ctrl-C
 * comes through here: it is handed on once and the child is waited for, since it removes the app first; a second one
 * ends it at once. When this process vanishes, the child sees its channel close and ends the run in order.
 *
 * @param output where the child's progress goes: 1 for stdout, 2 for stderr.
 */
export async function runVitest(request: RunRequest, root: string, output: 1 | 2): Promise<ChildEnd> {
  const filter = request.stages && tagsExpression(request.stages)
  const args = [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    // Node reads the configuration as it stands; nothing has to be bundled for that.
    '--configLoader=native',
    `--project=${request.project}`,
    `--reporter=${join(root, 'packages/fixtures/src/vitest/reporter.ts')}`,
    ...(filter === undefined ? [] : [`--tags-filter=${filter}`]),
  ]
  const child = execa(process.execPath, args, {
    cwd: root,
    // Node keeps what it has compiled; nearly a second of a run's processor time is spent on that otherwise.
    env: { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/node'), ...environment(request) },
    stdin: 'ignore',
    stdout: output === 1 ? 'inherit' : process.stderr,
    stderr: 'inherit',
    ipc: true,
    detached: true,
    reject: false,
  })
  let told: NodeJS.Signals | undefined
  const forward = (signal: NodeJS.Signals) => {
    told ??= signal
    child.kill(signal)
  }
  for (const signal of SIGNALS) process.on(signal, forward)
  try {
    const { exitCode, signal } = await child
    return { exitCode: exitCode ?? 1, signal: told ?? signal }
  } finally {
    for (const signal of SIGNALS) process.off(signal, forward)
  }
}
