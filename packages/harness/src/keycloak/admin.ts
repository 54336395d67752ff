import type KeycloakAdminClient from '@keycloak/keycloak-admin-client'
import type { NetworkError } from '@keycloak/keycloak-admin-client'
import { Dispatcher1Wrapper } from 'undici'
import { type AppReach, appAgent } from '../app/http.ts'
import { CcciError, messageOf } from '../errors.ts'
import type { KeycloakAccess } from './access.ts'
import { checkRemovable } from './names.ts'

/** No Keycloak answers where one should be. */
export class KeycloakUnreachableError extends CcciError {}

/** Keycloak answers and does not do what it was asked for. */
export class KeycloakRefusedError extends CcciError {}

/** What Keycloak takes as a new realm. */
export type NewRealm = NonNullable<Parameters<KeycloakAdminClient['realms']['create']>[0]>

/** Milliseconds for one request: making a realm computes keys. */
const REQUEST_MS = 30_000

/** An administrator of a Keycloak, logged in. */
export class KeycloakAdmin implements AsyncDisposable {
  readonly access: KeycloakAccess
  readonly #client: KeycloakAdminClient
  readonly #agent: ReturnType<typeof appAgent>

  private constructor(access: KeycloakAccess, client: KeycloakAdminClient, agent: ReturnType<typeof appAgent>) {
    this.access = access
    this.#client = client
    this.#agent = agent
  }

  /**
   * Logs in by the password; or, where there is one that still holds, goes on with the session of a login before, which
   * spares Keycloak the slow hash.
   *
   * @throws {KeycloakUnreachableError | KeycloakRefusedError}
   */
  static async open(access: KeycloakAccess, reach: AppReach, session?: string): Promise<KeycloakAdmin> {
    // It takes a while to load, and few processes need it.
    const { default: Client } = await import('@keycloak/keycloak-admin-client')
    const agent = appAgent(reach)
    // The client calls Node's own fetch, whose undici is older than ours and calls a dispatcher by other methods.
    const requestOptions = { dispatcher: new Dispatcher1Wrapper(agent) } as RequestInit
    const client = new Client({ baseUrl: access.url, realmName: 'master', timeout: REQUEST_MS, requestOptions })
    const admin = new KeycloakAdmin(access, client, agent)
    try {
      await admin.#ask('log in', () => admin.#logIn(session))
      return admin
    } catch (error) {
      await admin.close()
      throw error
    }
  }

  /** What another {@link KeycloakAdmin.open} can go on with: a refresh token. */
  get session(): string | undefined {
    return this.#client.refreshToken
  }

  /** The names of all realms. */
  async realms(): Promise<string[]> {
    const found = await this.#ask('list its realms', () => this.#client.realms.find({ briefRepresentation: true }))
    return found.flatMap(({ realm }) => (realm === undefined ? [] : [realm]))
  }

  /** What is noted about a realm; `undefined` when there is none of that name. */
  async attributes(realm: string): Promise<Record<string, string> | undefined> {
    const found = await this.#ask(`show ${realm}`, () => this.#client.realms.findOne({ realm }))
    return found ? (found.attributes ?? {}) : undefined
  }

  async create(realm: NewRealm): Promise<void> {
    await this.#ask(`make the realm ${realm.realm}`, () => this.#client.realms.create(realm))
  }

  /**
   * Deletes a run's realm with everything in it. Idempotent.
   *
   * @throws {MasterRealmError | ForeignRealmError | KeycloakUnreachableError | KeycloakRefusedError}
   */
  async remove(realm: string): Promise<void> {
    checkRemovable(realm)
    await this.#ask(`delete the realm ${realm}`, () =>
      this.#client.realms.del({ realm }).catch((error: unknown) => {
        if (statusOf(error) !== 404) throw error
      }),
    )
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #logIn(session: string | undefined): Promise<void> {
    const { username, password } = this.access
    const clientId = 'admin-cli'
    if (session !== undefined) {
      try {
        return await this.#client.auth({ grantType: 'refresh_token', clientId, refreshToken: session })
      } catch (error) {
        // It has ended, as sessions do when they are idle for long.
        if (statusOf(error) !== 400) throw error
      }
    }
    await this.#client.auth({ grantType: 'password', clientId, username, password })
  }

  async #ask<Value>(what: string, work: () => Promise<Value>): Promise<Value> {
    try {
      return await work()
    } catch (error) {
      throw this.#told(what, error)
    }
  }

  #told(what: string, error: unknown): CcciError {
    const { url } = this.access
    const status = statusOf(error)
    // 404 to a login is the reverse proxy's, which knows no such app.
    if (status === undefined || status >= 502 || (what === 'log in' && status === 404)) {
      return new KeycloakUnreachableError({
        happened: `No Keycloak answers at ${url}.`,
        lastSeen: status === undefined ? causeOf(error) : `status ${status}`,
        todo: 'npm run dev-host -- up --with keycloak brings the warm one up.',
        cause: error,
      })
    }
    return new KeycloakRefusedError({
      happened: `The Keycloak at ${url} does not ${what}: it answers ${status}.`,
      lastSeen: JSON.stringify((error as NetworkError).responseData),
      todo: status === 401 ? 'npm run dev-host -- up --with keycloak finds the administrator anew.' : undefined,
      cause: error,
    })
  }
}

const statusOf = (error: unknown): number | undefined => (error as Partial<NetworkError>).response?.status

/** Node's fetch hides why it failed. */
function causeOf(error: unknown): string {
  const { cause } = error as { cause?: unknown }
  return cause ? messageOf(cause) : messageOf(error)
}
