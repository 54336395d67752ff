import type { CheckedOut, RecipeCheckout } from '../recipe/checkout.ts'

/** A version of a recipe that is to run: a checked-out commit with the version its label claims. */
export interface Target extends CheckedOut {
  /** The version that the app's label must show once it is deployed; empty when the recipe has none. */
  version: string
}

/** The app that an engine works on: names and places, no state of its own. */
export interface EngineApp {
  readonly recipe: string
  readonly domain: string
  readonly stack: string
  readonly runId: string
  /** This run's own working tree of the recipe; the engine reads what is checked out. */
  readonly checkout: RecipeCheckout
  /** The app's `.env`. */
  readonly envFile: string
  /** Values of secrets that are not to be generated, by their compose key. */
  readonly secrets: Record<string, string>
  /** A compose file of the options, applied last. */
  readonly overlay: string | undefined
  /** Domains of other apps that its containers must reach, once they are known. */
  readonly reaches?: string[]
}

/** What an engine did beyond the recipe's own words, for the record. */
export interface Deployed {
  warnings: string[]
  /** What the app's label `chaos-version` must say, where the engine deployed a working tree instead of a version. */
  chaosVersion?: string
}

/**
 * Changes Docker on behalf of an app. Waiting for what it began (convergence, readiness, verified removal) is the
 * harness's own, so that a verdict never rests on a tool's patience.
 */
export interface DeployEngine {
  readonly name: string
  /** Writes the app's `.env` from the checked-out `.env.sample`, with `changes` on top. */
  create(app: EngineApp, target: Target, changes: Record<string, string>, signal?: AbortSignal): Promise<void>
  /**
   * Hands the checked-out version to swarm; returns when swarm has taken it. Makes the secrets that are missing; their
   * values are learned (`secrets.learn`) before they are used.
   */
  deploy(app: EngineApp, target: Target, signal?: AbortSignal): Promise<Deployed>
  /** The same for an app that runs already, with `changes` to its `.env` first. */
  upgrade(app: EngineApp, target: Target, changes: Record<string, string>, signal?: AbortSignal): Promise<Deployed>
}
