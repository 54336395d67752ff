import { messageOf, NotPromotableError, promote, readRecord, runDir, secrets } from '@cc-ci/harness'
import { optionPackages } from '../cli/suite-options.ts'
import type { EnrolledRecipe } from './enrolment.ts'
import type { Means } from './means.ts'
import type { SweptPromotion } from './record.ts'

/** Promotes the green run of a recipe to its canonical. Never rejects but at an abort: why not is in what is returned. */
export async function promotionStep(
  { docker, settings, root, signal, onStep }: Means,
  { recipe, options }: EnrolledRecipe,
  runId: string,
): Promise<SweptPromotion> {
  const started = performance.now()
  const durationMs = () => Math.round(performance.now() - started)
  try {
    const record = readRecord(runDir(settings.stateDir, runId))
    const { entry, changed } = await promote({
      docker,
      settings,
      record,
      options,
      packages: optionPackages(root),
      signal,
      onStep: (text) => onStep?.(`${recipe}: ${text}`),
    })
    const { from } = entry.made
    const outcome = changed ? 'promoted' : 'already there'
    return { outcome, ...(changed && from !== undefined ? { from } : {}), durationMs: durationMs() }
  } catch (error) {
    signal.throwIfAborted()
    const outcome = error instanceof NotPromotableError ? 'refused' : 'failed'
    return { outcome, why: secrets.text(messageOf(error)), durationMs: durationMs() }
  }
}
