import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Canonical, listCanonicals, messageOf, removeCanonical, secrets, warmFolder } from '@cc-ci/harness'
import type { Means } from './means.ts'
import type { SweptCanonical } from './record.ts'

/** The recipes that have a canonical now. */
export const recipesWithCanonical = ({ settings, leases }: Pick<Means, 'settings' | 'leases'>): string[] =>
  listCanonicals(settings, leases).flatMap(({ entry }) => entry?.recipe ?? [])

/**
 * Removes the canonical of a recipe that is enrolled no more, with its data and its snapshot. One that somebody uses is left to
 * the next sweep; what is a shared app's is never removed. Never rejects but at an abort.
 */
export async function removalStep(means: Means, recipe: string): Promise<SweptCanonical> {
  const { docker, settings, leases, signal, onStep } = means
  const canonical = listCanonicals(settings, leases).find(({ entry }) => entry?.recipe === recipe)
  const version = canonical?.entry?.version
  const told = { recipe, ...(version === undefined ? {} : { version }) }
  const stays = canonical ? whyItStays(canonical, settings) : 'it is gone already'
  if (stays !== undefined) return { ...told, outcome: 'left', why: stays }
  try {
    await removeCanonical({ docker, settings, recipe, signal, onStep: (text) => onStep?.(`${recipe}: ${text}`) })
    return { ...told, outcome: 'removed' }
  } catch (error) {
    signal.throwIfAborted()
    return { ...told, outcome: 'failed', why: secrets.text(messageOf(error)) }
  }
}

function whyItStays(
  { name, state: { is, by } }: Canonical,
  { stateDir, sharedApps }: Means['settings'],
): string | undefined {
  const isShared = existsSync(join(warmFolder(stateDir, name), 'last-good.json'))
  if (isShared || sharedApps.some(({ recipe }) => recipe === name)) return 'a shared app is kept there, too'
  return is === 'attached' || is === 'being put back' ? `it is ${is}${by ? ` by ${by}` : ''}` : undefined
}
