import type { VersionAt } from '../../alert/alert.ts'
import type { AttemptStep } from './attempt.ts'
import type { Hold } from './safety-gate.ts'

/** What became of a shared app; where nothing was to be done, what would. */
export type ReconcileOutcome =
  /** It is well, and there is nothing newer. Nothing was restarted. */
  | 'current'
  /** It was deployed for the first time, or found and taken on. */
  | 'deployed'
  /** It was down or ailing, and is well again at the version it had. */
  | 'revived'
  | 'upgraded'
  /** It is as it was; there is a newer version that is not applied. */
  | 'held'
  /** A newer version failed, and the last good one is well again. */
  | 'rolled back'
  /** It is not well, or nobody knows. */
  | 'failed'
  | 'would deploy'
  | 'would revive'
  | 'would upgrade'
  | 'would finish'

export interface ReconcileResult {
  recipe: string
  domain: string
  stack: string
  outcome: ReconcileOutcome
  /** What runs now, as far as is known. */
  version?: VersionAt
  /** The newest version that is published. */
  latest?: VersionAt
  /** Why it is so, for a person. */
  reason?: string
  /** Why the newest version is not applied. */
  holds?: Hold[]
  /** An upgrade that somebody had begun and not brought to its end. */
  interrupted?: { to: VersionAt; step: AttemptStep; startedAt: string }
  /** The alerts that were raised, by their ids. */
  alerts: string[]
  warnings: string[]
  /** Milliseconds. */
  durationMs: number
}

/** What one look has found and done. */
export type Found = Omit<
  ReconcileResult,
  'recipe' | 'domain' | 'stack' | 'alerts' | 'warnings' | 'durationMs' | 'latest'
>
