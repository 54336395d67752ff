import type { RunStage } from './stages.ts'

/** How often a run deploys its app (requirements F10). */
export type ColdPlan = 'full' | 'single'

/** The same, and `quick`: not at all, since there is a canonical to upgrade. */
export type Plan = ColdPlan | 'quick'

/** What of a run deploys something, as far as it was reached. */
export interface Reached {
  /** The app was asked for outside an upgrade. */
  app: boolean
  /** Bases from which an upgrade was begun. */
  upgrades: number
  /** Restores into a fresh app that were begun. */
  freshRestores: number
}

/**
 * How many fresh deployments the plan foresees for what was reached. `full`: one for the install, one for each upgrade
 * base, one for each restore into a fresh app. `single`: one for all. `quick`: none.
 */
export function plannedDeployments(plan: Plan, { app, upgrades, freshRestores }: Reached): number {
  if (plan === 'quick') return 0
  if (plan === 'single') return app || upgrades > 0 ? 1 : 0
  return (app ? 1 : 0) + upgrades + freshRestores
}

/** In `single`, the one deployment begins at the upgrade's base if an upgrade is to come. */
export function startsAtBase(plan: Plan, stages: readonly RunStage[], upgradable: boolean): boolean {
  return plan === 'single' && upgradable && stages.includes('upgrade')
}
