import type { Settings } from '@cc-ci/harness'
import type Docker from 'dockerode'

/** What the steps of a sweep work with. */
export interface Means {
  docker: Docker
  settings: Settings
  /** The folder of the engine's leases. */
  leases: string
  /** The folder that holds `vitest.config.ts` and the recipes' suites. */
  root: string
  signal: AbortSignal
  onStep?: ((text: string) => void) | undefined
}
