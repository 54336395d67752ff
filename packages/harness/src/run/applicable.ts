import type { Target } from '../engine/engine.ts'
import { backupSpec } from '../recipe/backup-labels.ts'
import type { PublishedVersion } from '../recipe/checkout.ts'
import type { ComposeView } from '../recipe/compose-view.ts'
import type { RecipeOptions, UpgradeBase } from '../recipe/options.ts'
import type { Stage } from './stages.ts'

/** What says which stages make sense for a recipe. */
export interface Applicable {
  /** The versions to upgrade from. */
  bases: readonly UpgradeBase[]
  target: Target
  compose: ComposeView
}

/** The versions to upgrade from: those that the options name, or the newest published one before the version under test. */
export function basesOf(
  { upgradeBases }: Pick<RecipeOptions, 'upgradeBases'>,
  base: PublishedVersion | undefined,
): UpgradeBase[] {
  const named = upgradeBases ?? (base ? [base.text] : [])
  return named.map((one) => (typeof one === 'string' ? { version: one } : one))
}

/** Why a stage does not apply to a recipe by its nature. */
export function notApplicableBecause(stage: Stage, { bases, target, compose }: Applicable): string | undefined {
  if (stage === 'upgrade' && bases.length === 0) {
    return `there is no published version before ${target.version || target.commit.slice(0, 8)}`
  }
  if (stage === 'backup' && backupSpec(compose) === undefined) return 'no service has backupbot.backup'
  return undefined
}
