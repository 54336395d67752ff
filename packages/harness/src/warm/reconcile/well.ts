import type { VersionAt } from '../../alert/alert.ts'
import { messageOf } from '../../errors.ts'
import { type Reconciling, UnhealthyError } from './context.ts'
import { readLastGood, writeLastGood } from './last-good.ts'
import type { Found } from './result.ts'

/** Sees to it that a version is up and, if it is to stay, well by its tests. */
export async function seeToIt(one: Reconciling, at: VersionAt, stays: boolean): Promise<Found> {
  const { dryRun, signal } = one.request
  const ailment = await one.deployment.ailment(signal)
  if (dryRun)
    return ailment === undefined
      ? { outcome: 'current', version: at }
      : { outcome: 'would revive', version: at, reason: ailment }
  if (ailment !== undefined) return await revive(one, at, ailment, 'revived')
  const known = readLastGood(one.folder)?.commit === at.commit
  if (!stays && known) return { outcome: 'current', version: at }
  try {
    await one.askHealth(at, signal)
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof UnhealthyError) return await revive(one, at, messageOf(error), 'revived')
    return unasked(one, at, error)
  }
  remember(one, at)
  return { outcome: known ? 'current' : 'deployed', version: at }
}

/** Its tests could not be run: that says nothing of the app, which is left as it is. */
function unasked(one: Reconciling, at: VersionAt, error: unknown): Found {
  const { recipe } = one.request.app
  const reason = `nobody knows whether ${recipe} ${at.version} is well: ${messageOf(error)}`
  one.raise({ cause: 'unasked', title: `${recipe}: its tests could not be run`, text: reason, lastGood: at })
  return { outcome: 'failed', version: at, reason }
}

/** Brings it up again at the version it has, from nothing but its data. */
export async function revive(
  one: Reconciling,
  at: VersionAt,
  why: string,
  outcome: 'deployed' | 'revived',
): Promise<Found> {
  const { recipe } = one.request.app
  const { signal } = one.request
  const evidence = outcome === 'revived' ? await one.keepEvidence(why) : undefined
  try {
    await one.stop()
    await one.bringUp(at, signal)
  } catch (error) {
    signal?.throwIfAborted()
    const text = `It was found so: ${why}\n\nIt was started again, and this is how that ended:\n${messageOf(error)}`
    const kept = (await one.keepEvidence(error)) ?? evidence
    one.raise({
      cause: 'down',
      title: `${recipe} ${at.version} is down`,
      text,
      lastGood: at,
      recovered: false,
      evidence: kept,
    })
    return { outcome: 'failed', version: at, reason: text }
  }
  remember(one, at)
  if (outcome === 'revived') {
    const title = `${recipe} ${at.version} was down; it is up and well again`
    one.raise({ cause: 'down', title, text: why, lastGood: at, recovered: true, evidence })
  }
  return { outcome, version: at, reason: why }
}

function remember(one: Reconciling, at: VersionAt): void {
  if (readLastGood(one.folder)?.commit === at.commit) return
  writeLastGood(one.folder, {
    recipe: one.request.app.recipe,
    stack: one.stack,
    ...at,
    since: new Date().toISOString(),
  })
}
