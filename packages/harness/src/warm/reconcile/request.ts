import type Docker from 'dockerode'
import type { DeployedState } from '../../app/app.ts'
import type { DeployEngine } from '../../engine/engine.ts'
import type { Settings } from '../../settings/schema.ts'
import type { DeploymentParts, SharedAppHealth } from '../deployment.ts'
import type { AttemptStep } from './attempt.ts'

/** A shared app as it is to be. */
export interface SharedAppSpec {
  /** The recipe's name. */
  recipe: string
  domain: string
  /** Whether it keeps data: its volumes are saved before each upgrade then, and put back after a failed one. */
  stateful: boolean
  health: SharedAppHealth
  /** Variables on top of `.env.sample`. */
  env?: Record<string, string> | undefined
  timeouts?: DeploymentParts['timeouts']
}

/** The shared app as its tests are to look at it. */
export interface LiveApp {
  recipe: string
  domain: string
  url: string
  stack: string
  deployed: DeployedState
}

/** What the tests of an app say of it. */
export interface GateVerdict {
  healthy: boolean
  /** What was asked and what was seen, for a person. */
  text: string
}

/**
 * Asks an app that is up and answers whether it is well. One that throws could not ask: that counts as not shown to be well
 * while a version is tried, and is an error of its own otherwise.
 */
export type HealthGate = (app: LiveApp, signal?: AbortSignal) => Promise<GateVerdict>

/** What is to be reconciled, and how. */
export interface ReconcileRequest {
  docker: Docker
  settings: Settings
  engine: DeployEngine
  app: SharedAppSpec
  gate: HealthGate
  /** Who uses it now and would lose it in the middle of something, in words; it is not upgraded under their feet. */
  inUse?: (() => Promise<string | undefined>) | undefined
  /** Whose it is, for its labels. */
  owner: string
  /** False: the recipe is taken as it was fetched last. Default: true. */
  fetch?: boolean | undefined
  /** False: one that is up and well stays at its version, whatever is published. Default: true. */
  upgrade?: boolean | undefined
  /** Try a version again that has failed before. */
  retry?: boolean | undefined
  /** Say what would be done, do nothing. */
  dryRun?: boolean | undefined
  signal?: AbortSignal | undefined
  onStep?: ((text: string) => void) | undefined
  /** Told of each step of an upgrade once it was written down, before it is done. */
  onAttempt?: ((step: AttemptStep) => void) | undefined
}
