import type Docker from 'dockerode'
import { leaseFolder } from '../scope/lease-folder.ts'
import type { Settings } from '../settings/schema.ts'
import { type KeycloakAccess, reachOf } from './access.ts'
import { KeycloakAdmin } from './admin.ts'
import { realmName } from './names.ts'
import { ownHex } from './own-hex.ts'
import { planRealm, representationOf, signingKey } from './realm.ts'

/** How often: by then the JVM has compiled most of what a realm needs. */
const ROUNDS = 8

export interface RehearsalRequest {
  docker: Docker
  settings: Settings
  access: KeycloakAccess
  onStep?: ((text: string) => void) | undefined
}

/**
 * Makes realms on a Keycloak that has just come up, logs in and deletes them: its first realm takes several times as long
 * as one after some others, and no run should wait for that.
 *
 * @throws {KeycloakUnreachableError | KeycloakRefusedError | NoTokenError} when it does not do what runs ask of it.
 */
export async function rehearseRealms({ docker, settings, access, onStep }: RehearsalRequest): Promise<void> {
  const leases = await leaseFolder(docker, settings)
  const reach = reachOf(settings)
  const key = await signingKey()
  await using admin = await KeycloakAdmin.open(access, reach)
  for (let round = 1; round <= ROUNDS; round += 1) {
    onStep?.(`making and deleting a realm, ${round} of ${ROUNDS}`)
    const runId = 'rehearsal'
    // Held as by a run: no reaper takes the realm, and each may when this process dies.
    const { hex, lease } = ownHex(leases, runId)
    using _ = lease
    const realm = planRealm({ name: realmName('rehearsal', hex), url: access.url, reach, cold: false })
    await admin.create(representationOf(realm, { runId, leases, appUrl: access.url }, key))
    try {
      await realm.token()
    } finally {
      await admin.remove(realm.name)
    }
  }
}
