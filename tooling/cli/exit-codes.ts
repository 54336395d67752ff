import { type Blame, CcciError, type RunRecord } from '@cc-ci/harness'

/** What the exit codes of `cc-ci` mean; a run ended by a signal has 128 and the signal's number, as in a shell. */
export const EXIT = { green: 0, red: 1, usage: 2, infrastructure: 3 } as const

const BY_BLAME: Record<Blame, number> = { recipe: EXIT.red, usage: EXIT.usage, infrastructure: EXIT.infrastructure }

/** The exit code of a run by its record. Only green is 0. */
export function exitCodeOfRecord({ verdict, blame }: Pick<RunRecord, 'verdict' | 'blame'>): number {
  if (verdict === 'green') return EXIT.green
  return verdict === 'red' ? BY_BLAME[blame ?? 'recipe'] : EXIT.infrastructure
}

/** The exit code of a command that threw. */
export const exitCodeOfError = (error: unknown): number =>
  error instanceof CcciError ? BY_BLAME[error.blame] : EXIT.infrastructure
