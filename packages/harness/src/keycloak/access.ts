import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { AppReach } from '../app/http.ts'
import { CcciError, messageOf } from '../errors.ts'
import { writeAtomically } from '../files/write.ts'
import { learnSecret } from '../redact/secrets.ts'
import type { Settings } from '../settings/schema.ts'

/** The file that says how to administer a Keycloak cannot be read. */
export class KeycloakFileError extends CcciError {}

const access = z.strictObject({
  /** `https://<domain>`, without a slash at its end. */
  url: z.string().regex(/^https:\/\/[^/\s]+$/),
  /** An administrator of the realm `master`. */
  username: z.string().min(1),
  password: z.string().min(1),
})

/** What must be known of a Keycloak to make and delete realms there. */
export type KeycloakAccess = z.infer<typeof access>

/** Where whoever brings the warm Keycloak up says how to administer it. */
export const keycloakFile = ({ keycloakFile, stateDir }: Pick<Settings, 'keycloakFile' | 'stateDir'>): string =>
  keycloakFile ?? join(stateDir, 'warm', 'keycloak.json')

/** How a Keycloak is reached on this host, as any app is. */
export const reachOf = ({ proxyAddress, caFile }: Pick<Settings, 'proxyAddress' | 'caFile'>): AppReach => ({
  proxyAddress,
  caFile,
})

/**
 * Reads how to administer the warm Keycloak; `undefined` when nobody has brought one up. The password is learned.
 *
 * @throws {KeycloakFileError}
 */
export function readKeycloakFile(file: string): KeycloakAccess | undefined {
  if (!existsSync(file)) return undefined
  try {
    const found = access.parse(JSON.parse(readFileSync(file, 'utf8')))
    learnSecret(found.password)
    return found
  } catch (error) {
    throw new KeycloakFileError({
      happened: `${file} does not say how to administer the warm Keycloak.`,
      lastSeen: messageOf(error),
      todo: 'It holds { "url", "username", "password" } as JSON; npm run dev-host -- up --with keycloak writes it anew.',
      cause: error,
    })
  }
}

/** Writes it, for its owner's eyes alone. */
export function writeKeycloakFile(file: string, content: KeycloakAccess): void {
  writeAtomically(file, `${JSON.stringify(content, null, 2)}\n`, 0o600)
}
