import { messageOf } from '../../errors.ts'
import type { Attempt } from './attempt.ts'
import type { Reconciling } from './context.ts'
import { type Rollback, rollBack } from './rollback.ts'
import { commit } from './upgrade.ts'

/** How an upgrade ended that somebody else had begun. */
export interface Ending extends Rollback {
  /** It stayed at the new version. */
  finished: boolean
}

/**
 * Brings an upgrade to its end whose process has died. The rule: from the moment the new version was up ("health"), it stays
 * if it is well, since it may have served since; from any earlier step the last good version is gone back to, with its data
 * if the new one may have written; a rollback goes on. A person is told of all of it.
 */
export async function endInterrupted(one: Reconciling, attempt: Attempt): Promise<Ending> {
  const { recipe, from, to, startedAt, step } = attempt
  const told = `The upgrade of ${recipe} from ${from.version} to ${to.version}, begun at ${startedAt}, was cut off at the step "${step}".`
  if (!attempt.failure && (step === 'health' || step === 'commit')) {
    const ailment = step === 'health' ? await ailmentOf(one, attempt) : undefined
    if (ailment === undefined) {
      const text = `${told} The new version was up and well, and stays.`
      const title = `${recipe}: an upgrade was cut off (${from.version} → ${to.version}); finished`
      one.raise({ cause: 'interrupted', title, text, attempted: to, lastGood: to, recovered: true, event: startedAt })
      commit(one, attempt)
      return { finished: true, recovered: true, text }
    }
    attempt.failure = { cause: 'interrupted', text: `${told}\n${ailment}` }
  }
  attempt.failure ??= { cause: 'interrupted', text: told }
  return { finished: false, ...(await rollBack(one, attempt)) }
}

/** Why the new version is not kept; `undefined` when it is well. What stands of it already is not restarted. */
async function ailmentOf(one: Reconciling, { to }: Attempt): Promise<string | undefined> {
  try {
    await one.bringUp(to)
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}
