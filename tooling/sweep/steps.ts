import { recordBudget, snapshotBudget } from './budgets.ts'
import type { SweepSteps } from './course.ts'
import { removalStep } from './de-enrolled.ts'
import type { Enrolment } from './enrolment.ts'
import { hostCommandStep } from './host-command.ts'
import type { Means } from './means.ts'
import type { ChildPool } from './pool.ts'
import { promotionStep } from './promotion.ts'
import { reconcileStep } from './reconcile.ts'
import { runRecipe } from './run-recipe.ts'

export interface StepsRequest {
  means: Means
  pool: ChildPool
  /** The sweep's folder. */
  folder: string
  enrolment: Enrolment
  /** Whether it is for all recipes: only then what is not enrolled is removed. */
  whole: boolean
  reconcile: boolean
  /** Called with what tells a child a signal. */
  onStart(kill: (signal: NodeJS.Signals) => void): void
}

/** The steps of a sweep on this host. */
export function sweepSteps(request: StepsRequest): SweepSteps {
  const { means, pool, folder, enrolment, whole, reconcile, onStart } = request
  const { settings, root, signal } = means
  const { sweepHostCommand: command, sweepHostTimeout, sharedApps } = settings
  const enrolled = (recipe: string) => {
    const one = enrolment.enrolled.find((candidate) => candidate.recipe === recipe)
    if (!one) throw new Error(`${recipe} is not enrolled`)
    return one
  }
  return {
    hostCommand:
      command === undefined
        ? undefined
        : () => hostCommandStep({ command, timeoutMs: sweepHostTimeout * 1000, folder, signal }),
    reconcile:
      reconcile && sharedApps.length > 0
        ? (onApp) => reconcileStep({ root, folder, count: sharedApps.length, onStart, onApp })
        : undefined,
    run: (recipe) => {
      const tag = enrolled(recipe.recipe).latest?.tag ?? ''
      return runRecipe({ pool, root, settings, folder, recipe, tag })
    },
    promote: ({ recipe, runId = '' }) => promotionStep(means, enrolled(recipe), runId),
    deEnrolled: whole ? enrolment.deEnrolled : [],
    remove: (recipe) => removalStep(means, recipe),
    budgets: [() => recordBudget(settings), () => snapshotBudget(settings, root)],
  }
}
