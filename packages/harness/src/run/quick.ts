import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { CcciError, UsageError } from '../errors.ts'
import type { Settings } from '../settings/schema.ts'
import { SnapshotDamagedError } from '../snapshot/errors.ts'
import { currentSnapshot } from '../snapshot/place.ts'
import { type CanonicalEntry, readKnownGood } from '../warm/canonical/entry.ts'
import { canonicalPlace } from '../warm/canonical/place.ts'
import { readUse } from '../warm/canonical/use.ts'
import { RUN_STAGES, type RunStage } from './stages.ts'

/** Whether a variable asks for a quick run. @throws {UsageError} */
export function quickWanted(text: string | undefined): boolean {
  if (!text || ['0', 'no', 'false'].includes(text)) return false
  if (['1', 'yes', 'true'].includes(text)) return true
  throw new UsageError({ happened: `CCCI_QUICK is "${text}".`, todo: 'It takes 1 or 0.' })
}

/** The stages that a quick run can show something of: it installs nothing afresh, seeds no base, and restores nothing. */
export const QUICK_STAGES = ['install', 'custom', 'recipe-local', 'lint'] as const satisfies readonly RunStage[]

/** A quick run was asked for stages of which it has none. */
export class QuickStagesError extends UsageError {}

/** A test of a quick run asked for a fresh deployment. */
export class QuickInstallsNothingError extends UsageError {
  constructor(recipe: string) {
    super({
      happened: `A quick run of ${recipe} works on its canonical, and installs nothing afresh.`,
      todo: 'Run it cold: without --quick.',
    })
  }
}

/** A test of a quick run asked for the canonical, which is what the run itself tests. */
export class CanonicalUnderTestError extends CcciError {
  constructor(recipe: string) {
    super({
      happened: `A quick run works on the canonical of ${recipe} itself, upgraded: its tests cannot have it as it was.`,
      todo: 'Run it cold: without --quick.',
    })
  }
}

/**
 * The stages of a quick run, of those that are asked for.
 *
 * @throws {QuickStagesError}
 */
export function quickStages(asked: readonly RunStage[] = RUN_STAGES): RunStage[] {
  const stages = QUICK_STAGES.filter((stage) => asked.includes(stage))
  if (stages.length > 0) return stages
  throw new QuickStagesError({
    happened: `A quick run shows nothing of ${asked.join(' and ')}.`,
    todo: `It can show ${QUICK_STAGES.join(', ')}. For the others: without --quick.`,
  })
}

/**
 * The canonical that a quick run of a recipe would work on, or why there is none to work on. Only looked at, not read
 * whole: what only a reading shows is found when the run begins.
 */
export function canonicalForQuick(settings: Settings, recipe: string): CanonicalEntry | string {
  const { name, folder } = canonicalPlace(recipe, settings)
  const user = readUse(folder)
  if (user?.step === 'damaged') return `the canonical of ${recipe} is damaged: ${user.why}`
  try {
    const good = readKnownGood(settings.stateDir, name)
    if (!good) return `${recipe} has no canonical`
    const lost = good.manifest.volumes.find(({ archive }) => !existsSync(join(currentSnapshot(folder) ?? '', archive)))
    return lost ? `the canonical of ${recipe} is damaged: ${lost.archive} is not there` : good.entry
  } catch (error) {
    if (!(error instanceof SnapshotDamagedError)) throw error
    return `the canonical of ${recipe} is damaged: ${error.damage.join('; ')}`
  }
}
