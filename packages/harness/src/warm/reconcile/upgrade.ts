import { takeSnapshot } from '../../snapshot/take.ts'
import { type Attempt, type AttemptStep, endAttempt, writeAttempt } from './attempt.ts'
import type { Reconciling } from './context.ts'
import { writeLastGood } from './last-good.ts'

/** Writes down what is about to be done; from here on whoever comes next knows of it. */
export function enter(one: Reconciling, attempt: Attempt, step: AttemptStep): void {
  attempt.step = step
  writeAttempt(one.folder, attempt)
  one.request.onAttempt?.(step)
}

/**
 * Takes the shared app from a version to another: a stateful one is undeployed, saved and deployed anew, since its data
 * cannot go back by themselves; a stateless one is updated in place. Committed only when its tests find it well.
 *
 * @throws whatever goes wrong, with the attempt left written down at its step.
 */
export async function upgrade(one: Reconciling, attempt: Attempt): Promise<void> {
  const { from, to, stateful } = attempt
  const { signal, onStep } = one.request
  if (stateful) {
    enter(one, attempt, 'undeploy')
    onStep?.(`undeploying ${attempt.recipe} ${from.version}`)
    await one.stop()
    signal?.throwIfAborted()
    enter(one, attempt, 'snapshot')
    onStep?.(`saving the data of ${attempt.recipe} ${from.version}`)
    await takeSnapshot(one.snapshot, { ...from, timeoutMs: one.snapshotMs, signal })
  }
  enter(one, attempt, 'deploy')
  const target = await one.target(to)
  await one.deployment.deploy(target, signal)
  enter(one, attempt, 'health')
  await one.askHealth(to, signal)
  if (!stateful) await one.deployment.removeDropped(target)
  commit(one, attempt)
}

/** The version is the last good one from now on. */
export function commit(one: Reconciling, attempt: Attempt): void {
  enter(one, attempt, 'commit')
  const { recipe, stack, to } = attempt
  writeLastGood(one.folder, { recipe, stack, ...to, since: new Date().toISOString() })
  endAttempt(one.folder)
}
