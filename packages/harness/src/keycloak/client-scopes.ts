import type { NewRealm } from './admin.ts'

type ClientScope = NonNullable<NewRealm['clientScopes']>[number]
type Mapper = NonNullable<ClientScope['protocolMappers']>[number]

const PROTOCOL = 'openid-connect'
const ACCESS = { 'access.token.claim': 'true', 'introspection.token.claim': 'true' }
const LOGIN = { ...ACCESS, 'id.token.claim': 'true' }
const EVERYWHERE = { ...LOGIN, 'userinfo.token.claim': 'true' }

const mapper = (name: string, kind: string, config: Record<string, string>): Mapper => ({
  name,
  protocol: PROTOCOL,
  protocolMapper: `oidc-${kind}-mapper`,
  config,
})

/** A claim that is an attribute of the user. */
const attribute = (name: string, claim: string, attribute: string): Mapper =>
  mapper(name, 'usermodel-attribute', {
    ...EVERYWHERE,
    'user.attribute': attribute,
    'claim.name': claim,
    'jsonType.label': 'String',
  })

/** A claim that lists roles. */
const roles = (name: string, whose: 'realm' | 'client', claim: string): Mapper =>
  mapper(name, `usermodel-${whose}-role`, {
    ...ACCESS,
    multivalued: 'true',
    'claim.name': claim,
    'jsonType.label': 'String',
  })

const scope = (name: string, told: boolean, protocolMappers: Mapper[]): ClientScope => ({
  name,
  protocol: PROTOCOL,
  attributes: { 'include.in.token.scope': String(told) },
  protocolMappers,
})

/** What every login gets, by the names and with the claims that they have in a realm as Keycloak makes it. */
const DEFAULT: ClientScope[] = [
  scope('basic', false, [
    mapper('sub', 'sub', ACCESS),
    mapper('auth_time', 'usersessionmodel-note', {
      ...LOGIN,
      'user.session.note': 'AUTH_TIME',
      'claim.name': 'auth_time',
      'jsonType.label': 'long',
    }),
  ]),
  scope('profile', true, [
    attribute('username', 'preferred_username', 'username'),
    attribute('given name', 'given_name', 'firstName'),
    attribute('family name', 'family_name', 'lastName'),
    mapper('full name', 'full-name', EVERYWHERE),
  ]),
  scope('email', true, [
    attribute('email', 'email', 'email'),
    mapper('email verified', 'usermodel-property', {
      ...EVERYWHERE,
      'user.attribute': 'emailVerified',
      'claim.name': 'email_verified',
      'jsonType.label': 'boolean',
    }),
  ]),
  scope('roles', false, [
    roles('realm roles', 'realm', 'realm_access.roles'),
    roles('client roles', 'client', 'resource_access.${client_id}.roles'),
    mapper('audience resolve', 'audience-resolve', ACCESS),
  ]),
  scope('web-origins', false, [mapper('allowed web origins', 'allowed-origins', ACCESS)]),
  scope('acr', false, [mapper('acr loa level', 'acr', LOGIN)]),
]

/** What an app may ask for besides; the realm's user has neither. `offline_access` is there in any case. */
const OPTIONAL: ClientScope[] = [scope('phone', true, []), scope('address', true, [])]

const namesOf = (scopes: readonly ClientScope[]): string[] => scopes.flatMap(({ name }) => name ?? [])

/**
 * The client scopes of a run's realm: those of OpenID Connect, with the claims that its user has. Keycloak would make more
 * than twice as much (SAML, organizations, claims about birthdays), and making and deleting it all is most of a realm's time.
 */
export const CLIENT_SCOPES = {
  clientScopes: [...DEFAULT, ...OPTIONAL],
  defaultDefaultClientScopes: namesOf(DEFAULT),
  defaultOptionalClientScopes: namesOf(OPTIONAL),
} satisfies Partial<NewRealm>
