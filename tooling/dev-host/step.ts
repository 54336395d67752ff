import type { Settings } from '@cc-ci/harness'
import type Docker from 'dockerode'
import type { DevHostPaths } from './paths.ts'

/** What every step of `up` works with. */
export interface Step {
  settings: Settings
  paths: DevHostPaths
  docker: Docker
  /** Shows what is being done right now. */
  say: (text: string) => void
}
