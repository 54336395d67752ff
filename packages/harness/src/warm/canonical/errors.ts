import { CcciError, UsageError } from '../../errors.ts'

/** The recipe has no canonical. */
export class NoCanonicalError extends CcciError {
  constructor(recipe: string) {
    super({
      happened: `${recipe} has no canonical on this host.`,
      todo: `Enrol it (canonical: true in recipe.ts) and promote a green, cold run of its latest version: cc-ci run ${recipe} --promote`,
    })
  }
}

/** The known-good of a canonical is not what was written there, so it cannot be put back. */
export class CanonicalDamagedError extends CcciError {
  constructor(recipe: string, lastSeen: string, evidence: string, cause?: unknown) {
    super({
      happened: `The canonical of ${recipe} is damaged: its snapshot cannot be restored.`,
      lastSeen,
      todo: `Put intact files in their place, or make it anew: cc-ci canonical remove ${recipe}, then cc-ci run ${recipe} --promote`,
      evidence,
      cause,
    })
  }
}

/** A run is not one that may replace the canonical. Nothing was touched. */
export class NotPromotableError extends UsageError {}

/** A run could not be promoted. The canonical is what it was. */
export class PromotionFailedError extends CcciError {}
