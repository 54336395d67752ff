import type { AppReach } from '../app/http.ts'
import { messageOf } from '../errors.ts'
import type { Settings } from '../settings/schema.ts'
import { keycloakFile, reachOf, readKeycloakFile } from './access.ts'
import { KeycloakAdmin } from './admin.ts'

/** The warm Keycloak, which answers. */
export interface WarmKeycloak extends AsyncDisposable {
  readonly file: string
  readonly reach: AppReach
  readonly admin: KeycloakAdmin
}

/**
 * Looks for the warm Keycloak: somebody has brought one up, and it lets its administrator in.
 *
 * @returns it, or in words why there is none.
 */
export async function findWarmKeycloak(settings: Settings): Promise<WarmKeycloak | string> {
  const file = keycloakFile(settings)
  const reach = reachOf(settings)
  try {
    const access = readKeycloakFile(file)
    if (!access) return `there is no ${file}`
    const admin = await KeycloakAdmin.open(access, reach)
    return { file, reach, admin, [Symbol.asyncDispose]: () => admin.close() }
  } catch (error) {
    return messageOf(error)
  }
}
