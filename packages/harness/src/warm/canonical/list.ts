import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { stackName } from '../../app/names.ts'
import { isLeaseHeld, leaseHolder } from '../../scope/lease.ts'
import type { Settings } from '../../settings/schema.ts'
import { SnapshotDamagedError } from '../../snapshot/errors.ts'
import { currentSnapshot, warmFolder } from '../../snapshot/place.ts'
import { type CanonicalEntry, canonicalNames, hasEntry, readKnownGood } from './entry.ts'
import { type CanonicalUse, readUse } from './use.ts'

/**
 * What is the matter with a canonical:
 * - `idle`: undeployed, and as its known-good says;
 * - `attached`: somebody uses it;
 * - `being put back`: its use is over, and what it was is restored;
 * - `left`: its user is gone, and the next one, a warden or the janitor puts it back;
 * - `damaged`: its known-good cannot be read.
 */
export interface CanonicalState {
  is: 'idle' | 'attached' | 'being put back' | 'left' | 'damaged'
  /** The run that uses it, or has left it. */
  by?: string
  since?: string
  purpose?: CanonicalUse['purpose']
  /** What is damaged. */
  why?: string
}

/** A canonical as the registry shows it; without an entry it is just being made, or removed. */
export interface Canonical {
  name: string
  state: CanonicalState
  entry?: CanonicalEntry
}

/**
 * One canonical, as it is now; nothing when there is none.
 *
 * @param leases the folder of the engine's leases.
 */
export function findCanonical(
  settings: Pick<Settings, 'stateDir' | 'baseDomain'>,
  name: string,
  leases: string,
): Canonical | undefined {
  const folder = warmFolder(settings.stateDir, name)
  const user = readUse(folder)
  const stack = stackName(`warm-${name}.${settings.baseDomain}`)
  try {
    const entry = readKnownGood(settings.stateDir, name)?.entry
    if (!entry && !user) return undefined
    const lost = entry && lostArchive(settings.stateDir, name)
    const state: CanonicalState = lost ? { is: 'damaged', why: lost } : stateOf(user, leases, stack)
    return { name, state, ...(entry ? { entry } : {}) }
  } catch (error) {
    if (!(error instanceof SnapshotDamagedError)) throw error
    // Another's snapshot is none of ours to judge.
    if (!user && !hasEntry(folder)) return undefined
    return { name, state: { is: 'damaged', why: error.damage.join('; ') } }
  }
}

/** All canonicals of a state directory, by name. */
export function listCanonicals(settings: Pick<Settings, 'stateDir' | 'baseDomain'>, leases: string): Canonical[] {
  return canonicalNames(settings.stateDir).flatMap((name) => findCanonical(settings, name, leases) ?? [])
}

function stateOf(user: CanonicalUse | undefined, leases: string, stack: string): CanonicalState {
  const held = isLeaseHeld(leases, stack)
  if (!user) {
    const holder = held ? leaseHolder(leases, stack) : undefined
    return holder ? { is: 'attached', by: holder.runId, since: holder.since } : { is: 'idle' }
  }
  const { runId: by, since, purpose, step, why } = user
  if (step === 'damaged') return { is: 'damaged', by, since, purpose, ...(why === undefined ? {} : { why }) }
  return { is: held ? step : 'left', by, since, purpose }
}

/** An archive that is not there, without reading those that are. */
function lostArchive(stateDir: string, name: string): string | undefined {
  const folder = currentSnapshot(warmFolder(stateDir, name)) ?? ''
  const { manifest } = readKnownGood(stateDir, name) ?? {}
  const lost = manifest?.volumes.find(({ archive }) => !existsSync(join(folder, archive)))
  return lost && `${lost.archive}: it is not there`
}
