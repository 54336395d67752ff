import type { AppReach } from '../app/http.ts'
import { learnSecret } from '../redact/secrets.ts'
import { readKeycloakFile } from './access.ts'
import { KeycloakAdmin } from './admin.ts'
import { checkRemovable } from './names.ts'

/** All that must be known to delete a realm of the warm Keycloak, in any process. */
export interface RealmData extends AppReach {
  /** The file that says how to administer the Keycloak. */
  file: string
  realm: string
}

/** The administrator's sessions in which this process has made realms, by realm: to delete one it need not log in again. */
const sessions = new Map<string, string>()

/** Keeps the session in which a realm was made, for {@link removeRealm} in this process. */
export function rememberSession(realm: string, session: string | undefined): void {
  if (session === undefined) return
  learnSecret(session)
  sessions.set(realm, session)
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
  const session = sessions.get(realm)
  sessions.delete(realm)
  await using admin = await KeycloakAdmin.open(access, { proxyAddress, caFile }, session)
  await admin.remove(realm)
}
