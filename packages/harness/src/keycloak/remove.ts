import type { AppReach } from '../app/http.ts'
import { readKeycloakFile } from './access.ts'
import { KeycloakAdmin } from './admin.ts'
import { checkRemovable } from './names.ts'

/** All that must be known to delete a realm of the warm Keycloak, in any process. */
export interface RealmData extends AppReach {
  /** The file that says how to administer the Keycloak. */
  file: string
  realm: string
}

/**
 * Deletes a run's realm. When the file is gone, so is the Keycloak with all its realms. Idempotent.
 *
 * @throws {MasterRealmError | ForeignRealmError | KeycloakFileError | KeycloakUnreachableError | KeycloakRefusedError}
 */
export async function removeRealm({ file, realm, proxyAddress, caFile }: RealmData): Promise<void> {
  checkRemovable(realm)
  const access = readKeycloakFile(file)
  if (!access) return
  await using admin = await KeycloakAdmin.open(access, { proxyAddress, caFile })
  await admin.remove(realm)
}
