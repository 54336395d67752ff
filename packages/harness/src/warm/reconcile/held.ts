import type { VersionAt } from '../../alert/alert.ts'
import type { Reconciling } from './context.ts'
import { readRefused } from './last-good.ts'
import type { Found } from './result.ts'
import { type Hold, holdsOf } from './safety-gate.ts'

/** What speaks against the newest version, one that has failed before included. */
export async function speaksAgainst(one: Reconciling, at: VersionAt): Promise<Hold[]> {
  const holds = await judge(one, at.version)
  const refused = readRefused(one.folder)
  if (one.request.retry || refused?.commit !== one.latest?.commit) return holds
  const text = `${refused?.version} was tried at ${refused?.at} and failed (${refused?.cause})`
  return [...holds, { cause: 'failed before', text }]
}

/** What speaks against the newest version for an app that is at `from`, or nowhere. */
export async function judge(one: Reconciling, from: string | undefined): Promise<Hold[]> {
  const { latest, checkout, stack } = one
  const { domain, env = {} } = one.request.app
  if (!latest) return []
  const to = await one.target({ version: latest.text, commit: latest.commit })
  return await holdsOf({ checkout, domain, stack, env, from, to, signal: one.request.signal })
}

/** It stays as it is; a person is told once of each version. */
export function hold(one: Reconciling, at: VersionAt | undefined, holds: Hold[]): Found {
  const { recipe } = one.request.app
  const { latest } = one
  const reason = holds.map(({ cause, text }) => `${cause}: ${text}`).join('\n')
  const found: Found = { outcome: 'held', ...(at ? { version: at } : {}), holds, reason }
  // Of one that has failed a person was told then.
  const told = holds.filter(({ cause }) => cause !== 'failed before')
  if (one.request.dryRun || !latest || told.length === 0) return found
  const causes = [...new Set(told.map(({ cause }) => cause))].join(', ')
  one.raise({
    cause: 'held',
    title: `${recipe} ${latest.text} is not applied by itself: ${causes}`,
    text: `${told.map(({ cause, text }) => `${cause}: ${text}`).join('\n')}\n\n${recipe} stays at ${at?.version ?? 'nothing'} until a person upgrades it.`,
    attempted: { version: latest.text, commit: latest.commit },
    ...(at ? { lastGood: at } : {}),
  })
  return found
}

/** Something else than a published version runs: what a person has put there, a person takes away. */
export function unpublished(one: Reconciling, version: string): Found {
  const { recipe } = one.request.app
  const reason = `${version} runs, which is no published version of ${recipe}`
  if (!one.request.dryRun) {
    const title = `${recipe}: left alone, ${reason}`
    one.raise({ cause: 'unpublished', title, text: `${reason}. Deploy a published version by hand.`, event: version })
  }
  return { outcome: 'held', version: { version, commit: '' }, reason }
}
