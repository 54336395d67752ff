import { messageOf } from '../../errors.ts'
import { restoreSnapshot } from '../../snapshot/restore.ts'
import { type Attempt, endAttempt, mayHaveWritten } from './attempt.ts'
import type { Reconciling } from './context.ts'
import { writeRefused } from './last-good.ts'
import { enter } from './upgrade.ts'

/** How a rollback went. */
export interface Rollback {
  recovered: boolean
  text: string
}

const TITLES: Record<string, string> = {
  interrupted: 'an upgrade was cut off',
  unhealthy: 'an upgrade deployed, and its tests found it ailing',
  deploy: 'an upgrade could not be deployed',
  unasked: 'an upgrade deployed, and its tests could not be run',
}

/**
 * Goes back to the last good version: where the new one may have written to the data, those are put back first. Then tells
 * a person, and only then forgets the attempt. It ends in order whatever else is aborted; what could not be brought back is
 * tried again by the next reconcile.
 *
 * The data are never started with a version older than what has written them: without its snapshot the app stays down.
 */
export async function rollBack(one: Reconciling, attempt: Attempt): Promise<Rollback> {
  const { failure = { cause: 'interrupted', text: 'cut off' }, recipe, from, to } = attempt
  const { onStep } = one.request
  // A version that has shown that it fails is not tried again every night.
  if (failure.cause === 'deploy' || failure.cause === 'unhealthy') {
    writeRefused(one.folder, { ...to, cause: failure.cause, at: new Date().toISOString() })
  }
  onStep?.(`going back to ${recipe} ${from.version}: ${failure.text.split('\n')[0]}`)
  let trouble: string | undefined
  try {
    if (mayHaveWritten(attempt)) {
      enter(one, attempt, 'restore')
      await one.stop()
      await restoreSnapshot(one.snapshot, { timeoutMs: one.snapshotMs })
    }
    enter(one, attempt, 'redeploy')
    const target = await one.target(from)
    // Where a service is gone, its container may still be on its way out, with its hands on the data. And swarm goes on
    // saying of a service that its update was rolled back, whatever it is given next.
    if ((await one.deployment.isStuck()) || !(await one.deployment.isWhole(target))) await one.stop()
    await one.deployment.deploy(target)
    if (!attempt.stateful) await one.deployment.removeDropped(target)
    await one.dropConfigs()
    await one.askHealth(from)
  } catch (error) {
    trouble = messageOf(error)
  }
  const recovered = trouble === undefined
  const end = recovered
    ? `${recipe} ${from.version} is up and well again.`
    : `${recipe} ${from.version} could not be brought back:\n${trouble}`
  one.raise({
    cause: failure.cause,
    title: `${recipe}: ${TITLES[failure.cause] ?? failure.cause} (${from.version} → ${to.version}); ${recovered ? 'rolled back' : 'NOT recovered'}`,
    text: `${failure.text}\n\n${end}`,
    attempted: to,
    lastGood: from,
    recovered,
    evidence: failure.evidence,
    // The same version may fail again another day, when somebody asks for it.
    event: attempt.startedAt,
  })
  if (recovered) endAttempt(one.folder)
  return { recovered, text: `${failure.text}\n${end}` }
}
