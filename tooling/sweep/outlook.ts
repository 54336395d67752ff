import { listCanonicals } from '@cc-ci/harness'
import { activeRuns } from './active.ts'
import { recordBudget, snapshotBudget } from './budgets.ts'
import { recipesWithCanonical } from './de-enrolled.ts'
import { type Enrolment, findEnrolled } from './enrolment.ts'
import { lastDuration, makespan } from './estimate.ts'
import type { Means } from './means.ts'
import type { SweptBudget } from './record.ts'

/** What a sweep would do. */
export interface Outlook {
  /** Why it would be skipped now; empty: it would not. */
  active: string[]
  capacity: number
  hostCommand?: string
  /** The shared apps that would be looked after. */
  sharedApps: string[]
  recipes: {
    recipe: string
    enrolledBy: string
    version?: string
    /** Why it could not be tested. */
    problem?: string
    /** The version of its canonical. */
    canonical?: string
    /** How long its last whole, green run took (ms). */
    lastMs?: number
  }[]
  /** How long the runs take, as far as those before tell (ms). */
  estimateMs?: number
  deEnrolled: string[]
  unknown: Enrolment['unknown']
  budgets: SweptBudget[]
}

/** Says what a sweep would do, and touches nothing. @throws {NotEnrolledError} */
export async function outlook(
  means: Means,
  { only, reconcile }: { only: readonly string[]; reconcile: boolean },
): Promise<Outlook> {
  const { settings, leases, root, signal } = means
  const { capacity, sweepHostCommand, sharedApps, stateDir } = settings
  const canonicals = recipesWithCanonical(means)
  const { enrolled, deEnrolled, unknown } = await findEnrolled({ root, settings, canonicals, only, signal })
  const entries = listCanonicals(settings, leases).flatMap(({ entry }) => entry ?? [])
  const loads = enrolled.map(({ recipe, options }) => ({
    durationMs: lastDuration(stateDir, recipe, options),
    weight: options.weight ?? 1,
  }))
  const known = loads.flatMap(({ durationMs, weight }) => (durationMs === undefined ? [] : [{ durationMs, weight }]))
  return {
    active: activeRuns(settings, leases),
    capacity,
    ...(sweepHostCommand === undefined ? {} : { hostCommand: sweepHostCommand }),
    sharedApps: reconcile ? sharedApps.map(({ recipe }) => recipe) : [],
    recipes: enrolled.map(({ recipe, enrolledBy, latest, problem }, index) => {
      const canonical = entries.find((entry) => entry.recipe === recipe)?.version
      const lastMs = loads[index]?.durationMs
      return {
        recipe,
        enrolledBy,
        ...(latest ? { version: latest.text } : {}),
        ...(problem === undefined ? {} : { problem }),
        ...(canonical === undefined ? {} : { canonical }),
        ...(lastMs === undefined ? {} : { lastMs }),
      }
    }),
    // What is known of some of them is no estimate of all.
    ...(known.length === loads.length && loads.length > 0 ? { estimateMs: makespan(known, capacity) } : {}),
    deEnrolled: only.length > 0 ? [] : deEnrolled,
    unknown,
    budgets: [await recordBudget(settings, true), await snapshotBudget(settings, root, true)],
  }
}
