import type { Stage } from './stages.ts'

/** How often a run deploys its app (requirements F10). */
export type Plan = 'full' | 'single'

/** What of a run deploys something, as far as it was reached. */
export interface Reached {
  /** The app was asked for outside the cycles. */
  app: boolean
  /** Bases from which an upgrade was begun. */
  upgrades: number
  /** Backup cycles that were begun. */
  backups: number
}

/**
 * How many fresh deployments the plan foresees for what was reached. `full`: one for the install, one for each upgrade
 * base, one for the restore into a fresh app, plus the one a backup needs when nothing stood yet. `single`: one for all.
 */
export function plannedDeployments(plan: Plan, reached: Reached): number {
  const any = reached.app || reached.upgrades > 0 || reached.backups > 0
  if (plan === 'single') return any ? 1 : 0
  const first = reached.app || (reached.backups > 0 && reached.upgrades === 0) ? 1 : 0
  return first + reached.upgrades + reached.backups
}

/** In `single`, the one deployment begins at the upgrade's base if an upgrade is to come. */
export function startsAtBase(plan: Plan, stages: readonly Stage[], upgradable: boolean): boolean {
  return plan === 'single' && upgradable && stages.includes('upgrade')
}
