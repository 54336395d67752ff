import type { Realm } from '../keycloak/realm.ts'

/** What a recipe's options may say of the run's realm: all that an app needs to log its users in there. */
export type OptionRealm = Pick<
  Realm,
  'name' | 'url' | 'issuer' | 'authorizationEndpoint' | 'tokenEndpoint' | 'userinfoEndpoint' | 'client' | 'user'
>

/** What functions in the options are told beside the app's domain. */
export interface OptionContext {
  /** The realm of this run; for recipes that declare `dependencies: ['keycloak']`. */
  readonly realm: OptionRealm
}

const url = 'https://keycloak.invalid'
const issuer = `${url}/realms/of-the-run`
const protocol = `${issuer}/protocol/openid-connect`
const made = '(made for the run)'

/** In place of a realm as long as there is none: where options are only looked at, and in `cc-ci plan`. */
export const DECLARED: OptionContext = {
  realm: {
    name: 'of-the-run',
    url,
    issuer,
    authorizationEndpoint: `${protocol}/auth`,
    tokenEndpoint: `${protocol}/token`,
    userinfoEndpoint: `${protocol}/userinfo`,
    client: { id: 'app', secret: made },
    user: { username: 'tester', password: made, email: 'tester@example.org', firstName: 'Test', lastName: 'Person' },
  },
}
