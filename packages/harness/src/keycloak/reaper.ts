import { join } from 'node:path'
import { keptUntil } from '../scope/kept.ts'
import { isLeaseHeld } from '../scope/lease.ts'
import { Ledger } from '../scope/ledger.ts'
import { scopeFolders } from '../scope/order.ts'
import type { KeycloakAdmin } from './admin.ts'
import { hexOf, realmLease } from './names.ts'
import { isMadeHere } from './realm.ts'

export interface ReapRequest {
  admin: KeycloakAdmin
  /** The folder of the engine's leases. */
  leases: string
  /** The folder of all scopes of this state directory. */
  scopes: string
}

/**
 * Deletes the realms whose owner is gone: nobody holds their lease. A realm's lease is taken before it is made and given
 * back after it is gone, and the realms are listed before their leases are looked at, so the realm of a live run is never
 * touched, however old it is; nor is one of another machine, of another engine's leases, or of a failed app that is kept.
 *
 * @returns the names of those that were deleted.
 * @throws {KeycloakUnreachableError | KeycloakRefusedError}
 */
export async function reapRealms({ admin, leases, scopes }: ReapRequest): Promise<string[]> {
  const reaped: string[] = []
  for (const realm of await admin.realms()) {
    const hex = hexOf(realm)
    if (hex === undefined || isLeaseHeld(leases, realmLease(hex))) continue
    const attributes = await admin.attributes(realm)
    if (!attributes || !isMadeHere(attributes, leases) || isKept(realm, scopes)) continue
    await admin.remove(realm)
    reaped.push(realm)
  }
  return reaped
}

/** Whether a failed app is left up for a while that logs in by this realm. */
const isKept = (realm: string, scopes: string): boolean =>
  scopeFolders(scopes)
    .filter((folder) => keptUntil(folder) !== undefined)
    .flatMap((folder) => new Ledger(join(folder, 'ledger.jsonl')).entries)
    .some(({ kind, data }) => kind === 'realm' && (data as { realm?: string }).realm === realm)
