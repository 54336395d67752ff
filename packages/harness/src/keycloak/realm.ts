import { generateKeyPair, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { AppHttp, type AppReach } from '../app/http.ts'
import { hostId, RUN_LABEL } from '../docker/labels.ts'
import { CcciError } from '../errors.ts'
import { learnSecret } from '../redact/secrets.ts'
import type { NewRealm } from './admin.ts'
import { CLIENT_SCOPES } from './client-scopes.ts'

/** Keycloak hands out no token for the realm's own client and user. */
export class NoTokenError extends CcciError {}

/** What Keycloak answers to a login. */
export interface RealmTokens {
  accessToken: string
  idToken: string
  refreshToken: string
  /** Seconds that the access token is good for. */
  expiresIn: number
}

/** A realm of a test's own on a Keycloak: one client, one user. */
export interface Realm {
  /** `<parent recipe>-<6 hex>` */
  readonly name: string
  /** The Keycloak's `https://<domain>`. */
  readonly url: string
  /** As it stands in tokens: `https://<domain>/realms/<name>`. Discovery is at `<issuer>/.well-known/openid-configuration`. */
  readonly issuer: string
  readonly authorizationEndpoint: string
  readonly tokenEndpoint: string
  readonly userinfoEndpoint: string
  /** A confidential client; it may send users back to any page of the app under test. */
  readonly client: { readonly id: string; readonly secret: string }
  readonly user: {
    readonly username: string
    readonly password: string
    readonly email: string
    readonly firstName: string
    readonly lastName: string
  }
  /** The Keycloak was deployed for this run alone. */
  readonly cold: boolean
  /**
   * Tokens for the user by the client: the password grant.
   *
   * @throws {NoTokenError | HttpError}
   */
  token(): Promise<RealmTokens>
}

export interface RealmRequest {
  name: string
  url: string
  reach: AppReach
  cold: boolean
}

/** Realms are found again by these: who made them, and where to ask whether the owner lives. */
const LEASES_ATTRIBUTE = 'cc-ci.leases'
const HOST_ATTRIBUTE = 'cc-ci.host'

const secretOf = (): string => {
  const value = randomBytes(24).toString('base64url')
  learnSecret(value)
  return value
}

/** Thinks a realm up; its secrets are learned. Nothing is made yet. */
export function planRealm({ name, url, reach, cold }: RealmRequest): Realm {
  const issuer = `${url}/realms/${name}`
  const protocol = `${issuer}/protocol/openid-connect`
  const client = { id: 'app', secret: secretOf() }
  const person = { username: 'tester', email: `tester@${name}.example.org`, firstName: 'Test', lastName: 'Person' }
  const user = { ...person, password: secretOf() }
  const tokenEndpoint = `${protocol}/token`
  return {
    name,
    url,
    issuer,
    authorizationEndpoint: `${protocol}/auth`,
    tokenEndpoint,
    userinfoEndpoint: `${protocol}/userinfo`,
    client,
    user,
    cold,
    token: () => passwordGrant({ url, tokenEndpoint, client, user, reach }),
  }
}

/** Makes the key that a realm signs its tokens with, as PEM: a fraction of the time that Keycloak needs for those of its own. */
export async function signingKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

export interface RealmOwner {
  runId: string
  /** The folder of the leases that say whether it lives. */
  leases: string
  /** `https://<domain>` of the app under test. */
  appUrl: string
}

/** The realm as Keycloak takes it, all at once. */
export function representationOf(realm: Realm, owner: RealmOwner, key: string): NewRealm {
  const { client, user } = realm
  const { password, ...person } = user
  return {
    realm: realm.name,
    enabled: true,
    attributes: { [RUN_LABEL]: owner.runId, [HOST_ATTRIBUTE]: hostId(), [LEASES_ATTRIBUTE]: owner.leases },
    // A slow hash protects passwords that can be guessed; those of a realm's users are random.
    passwordPolicy: 'hashAlgorithm(pbkdf2-sha256) and hashIterations(1)',
    components: keysOf(key),
    ...CLIENT_SCOPES,
    clients: [
      {
        clientId: client.id,
        secret: client.secret,
        publicClient: false,
        standardFlowEnabled: true,
        directAccessGrantsEnabled: true,
        redirectUris: [`${owner.appUrl}/*`],
        webOrigins: [owner.appUrl],
        attributes: { 'post.logout.redirect.uris': '+' },
      },
    ],
    users: [
      {
        ...person,
        enabled: true,
        emailVerified: true,
        credentials: [{ type: 'password', value: password, temporary: false }],
        realmRoles: [`default-roles-${realm.name}`],
      },
    ],
  }
}

/** All keys that Keycloak would otherwise make itself; for each kind a list, which the client's types do not know. */
const keysOf = (signing: string) =>
  ({
    'org.keycloak.keys.KeyProvider': [
      { name: 'rsa', providerId: 'rsa', config: { privateKey: [signing], priority: ['100'], algorithm: ['RS256'] } },
      { name: 'hmac', providerId: 'hmac-generated', config: { priority: ['100'], algorithm: ['HS512'] } },
      { name: 'aes', providerId: 'aes-generated', config: { priority: ['100'] } },
    ],
  }) as unknown as NonNullable<NewRealm['components']>

/** Whether a realm with these attributes was made by somebody whose leases are those in this folder of this machine. */
export const isMadeHere = (attributes: Record<string, string>, leases: string): boolean =>
  attributes[HOST_ATTRIBUTE] === hostId() && attributes[LEASES_ATTRIBUTE] === leases

type Grant = Pick<Realm, 'url' | 'tokenEndpoint' | 'client' | 'user'> & Pick<RealmRequest, 'reach'>

async function passwordGrant({ url, tokenEndpoint, client, user, reach }: Grant): Promise<RealmTokens> {
  await using http = new AppHttp({ origin: url, ...reach })
  const form = new URLSearchParams({
    grant_type: 'password',
    scope: 'openid',
    client_id: client.id,
    client_secret: client.secret,
    username: user.username,
    password: user.password,
  })
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const answer = await http.post(tokenEndpoint, String(form), { headers })
  if (answer.status !== 200) {
    throw new NoTokenError({
      happened: `Keycloak gives no token for the user ${user.username} by the client ${client.id}: it answers ${answer.status}.`,
      lastSeen: answer.text(),
      todo: 'Has the test changed the client or the user, or deleted the realm?',
    })
  }
  const given = answer.json() as Record<'access_token' | 'id_token' | 'refresh_token', string> & { expires_in: number }
  const tokens = { accessToken: given.access_token, idToken: given.id_token, refreshToken: given.refresh_token }
  for (const token of Object.values(tokens)) learnSecret(token)
  return { ...tokens, expiresIn: given.expires_in }
}
