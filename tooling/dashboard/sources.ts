import type { RunIndex } from './index/run-index.ts'
import type { LogTails } from './log/tail.ts'
import type { HostView } from './state/host.ts'

/** What pages and answers are made of. */
export interface Sources {
  stateDir: string
  index: RunIndex
  tails: LogTails
  host: () => Promise<HostView>
  /** The dashboard's public address without a slash at its end, or empty. */
  base: string
  /** Milliseconds since 1970. */
  clock: () => number
}
