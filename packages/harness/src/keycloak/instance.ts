import type Docker from 'dockerode'
import { runDomain, stackName } from '../app/names.ts'
import { execOk } from '../docker/exec.ts'
import { stackView } from '../docker/stack-view.ts'
import { CcciError } from '../errors.ts'
import { learnSecret } from '../redact/secrets.ts'
import type { SharedAppRequest } from '../warm/shared-app.ts'
import type { KeycloakAccess } from './access.ts'

/** A Keycloak was deployed and its administrator cannot be found out. */
export class NoAdministratorError extends CcciError {}

/** How the recipe `keycloak` is known to be well: its management port is not routed, so a realm is asked for. */
export const KEYCLOAK = {
  recipe: 'keycloak',
  health: { path: '/realms/master', statuses: [200] },
} as const satisfies Pick<SharedAppRequest, 'recipe' | 'health'>

/** Where the Keycloak that all runs share stands. */
export const warmKeycloakDomain = (baseDomain: string): string => `warm-${KEYCLOAK.recipe}.${baseDomain}`

/** Where a Keycloak for one run alone stands. */
export const coldKeycloakDomain = (runId: string, baseDomain: string): string =>
  runDomain({ recipe: KEYCLOAK.recipe, pr: runId, ref: 'for a run' }, baseDomain)

/** The first administrator is made of these (keycloak.org, "Bootstrapping and recovering an admin account"). */
const ASK = `printf '%s\\n' "\${KC_BOOTSTRAP_ADMIN_USERNAME:-\${KEYCLOAK_ADMIN:-admin}}"; cat /run/secrets/admin_password`

/**
 * Asks a Keycloak of ours, in its container, for its administrator. The password is learned.
 *
 * @throws {NoAdministratorError}
 */
export async function administratorOf(docker: Docker, domain: string): Promise<KeycloakAccess> {
  const services = await stackView(docker, stackName(domain))
  const tasks = services.find(({ name }) => name === 'app')?.tasks ?? []
  const container = tasks.findLast(({ state, containerId }) => state === 'running' && containerId)?.containerId
  if (container) {
    const { stdout } = await execOk(docker, container, ['sh', '-c', ASK])
    const [username = '', password = ''] = stdout.split('\n').map((line) => line.trim())
    learnSecret(password)
    if (username && password) return { url: `https://${domain}`, username, password }
  }
  throw new NoAdministratorError({
    happened: `The administrator of the Keycloak at ${domain} cannot be found out.`,
    lastSeen: container ? 'its secret admin_password is empty' : 'its service "app" has no running container',
    todo: 'Its recipe must have the secret admin_password in the service "app".',
  })
}
