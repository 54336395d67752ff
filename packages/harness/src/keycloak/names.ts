import { UsageError } from '../errors.ts'

/** Somebody asked for the deletion of the realm that Keycloak itself is administered by. */
export class MasterRealmError extends UsageError {}

/** Somebody asked for the deletion of a realm that no run has made. */
export class ForeignRealmError extends UsageError {}

const REALM = /^[a-z0-9][a-z0-9-]*-([0-9a-f]{6})$/

/** The realm of a run: `<parent recipe>-<6 hex>` (requirements F2). */
export function realmName(recipe: string, hex: string): string {
  const parent = recipe
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
  return `${parent || 'app'}-${hex}`
}

/** The hex digits in a run's realm; `undefined` for every other realm. */
export const hexOf = (realm: string): string | undefined => REALM.exec(realm)?.[1]

/** The lease that a run holds as long as its realm may be there. */
export const realmLease = (hex: string): string => `realm-${hex}`

/**
 * Whatever deletes a realm asks here first. Databases compare names without regard to case and blanks, so anything that is
 * not the name of a run's realm, letter by letter, is refused.
 *
 * @throws {MasterRealmError | ForeignRealmError}
 */
export function checkRemovable(realm: string): void {
  if (realm.trim().toLowerCase() === 'master') {
    throw new MasterRealmError({
      happened: 'The realm "master" is never deleted: Keycloak is administered by it.',
      todo: 'Name the realm of a run.',
    })
  }
  if (hexOf(realm) === undefined) {
    throw new ForeignRealmError({
      happened: `The realm ${JSON.stringify(realm)} is not a run's, so cc-ci does not delete it.`,
      todo: 'A run names its realms <recipe>-<6 hex>.',
    })
  }
}
