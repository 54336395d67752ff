import { type App, describe, expect, expectPage, type HttpAnswer, test } from '@cc-ci/fixtures'

interface Login {
  username: string
  password: string
}

/** Keycloak makes its first administrator of these; older versions call the name otherwise. */
const ASK = `echo "\${KC_BOOTSTRAP_ADMIN_USERNAME:-\${KEYCLOAK_ADMIN:-admin}}"; cat /run/secrets/admin_password`

/** The administrators of all databases seen so far, the newest first: a restored one brings that of the app it comes from. */
const administrators: Login[] = []

/** The password grant, by the client that every realm has from its beginning. */
async function logIn(app: App, realm: string, login: Login): Promise<HttpAnswer> {
  const form = new URLSearchParams({ grant_type: 'password', client_id: 'admin-cli', scope: 'openid', ...login })
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  return await app.http.post(`/realms/${realm}/protocol/openid-connect/token`, String(form), { headers })
}

const tokenOf = (answer: HttpAnswer): string => (answer.json() as { access_token: string }).access_token

/** What a token says, which must be signed: three parts. */
function claimsOf(token: string): Record<string, unknown> {
  const parts = token.split('.')
  expect(parts).toHaveLength(3)
  return JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8')) as Record<string, unknown>
}

/** Whoever administers the app as it stands, with a token. */
async function administrator(app: App): Promise<Login & { token: string }> {
  const { stdout } = await app.exec('app', ASK)
  const [username = '', password = ''] = stdout.trim().split('\n')
  if (!administrators.some((login) => login.password === password)) administrators.unshift({ username, password })
  const statuses: number[] = []
  for (const login of administrators) {
    const answer = await logIn(app, 'master', login)
    if (answer.status === 200) return { ...login, token: tokenOf(answer) }
    statuses.push(answer.status)
  }
  throw new Error(`Keycloak does not let ${username} in, by the password of the secret: ${statuses.join(', ')}`)
}

async function administer(app: App, method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) {
  const { token } = await administrator(app)
  const headers = { authorization: `Bearer ${token}` }
  return await app.http.request(`/admin${path}`, { method, headers, ...(body ? { body } : {}) })
}

/** A realm with one user, as data that Keycloak itself writes. */
function realmWithUser(realm: string) {
  const login = { username: 'mara', password: crypto.randomUUID() }
  const person = { email: `mara@${realm}.example.org`, emailVerified: true, firstName: 'Mara', lastName: 'Example' }
  const credentials = [{ type: 'password', value: login.password, temporary: false }]
  const user = { username: login.username, enabled: true, ...person, credentials }
  return {
    async seed(app: App): Promise<void> {
      const answer = await administer(app, 'POST', '/realms', { realm, enabled: true, users: [user] })
      expect(answer.status, answer.text()).toBe(201)
    },
    async mutate(app: App): Promise<void> {
      expect((await administer(app, 'DELETE', `/realms/${realm}`)).status).toBe(204)
    },
    /** By the user, not by the administrator, whom a restore into a fresh app replaces. */
    async verify(app: App): Promise<void> {
      const answer = await logIn(app, realm, login)
      expect(answer.status, answer.text()).toBe(200)
      const headers = { authorization: `Bearer ${tokenOf(answer)}` }
      const known = await app.http.get(`/realms/${realm}/protocol/openid-connect/userinfo`, { headers })
      expect(known.json()).toMatchObject({ preferred_username: login.username, email: person.email })
    },
  }
}

/** What an operator does after a restore: Keycloak keeps in memory what it has read of the database that was there before. */
async function restart(app: App): Promise<void> {
  const running = async () => (await app.service('app')).tasks.findLast(({ state }) => state === 'running')?.containerId
  const before = await running()
  await app.exec('app', 'kill 1')
  await expect.poll(running, { timeout: 600_000, interval: 500 }).not.toBeOneOf([before, undefined])
  const status = async () => (await app.http.get('/realms/master')).status
  await expect.poll(status, { timeout: 60_000, interval: 500 }).toBe(200)
}

describe('install', { tags: ['install'] }, () => {
  test('answers for its first realm', async ({ deployedApp }) => {
    const answer = await deployedApp.http.get('/realms/master')
    expect(answer.status).toBe(200)
    expect(answer.json()).toMatchObject({ realm: 'master', 'token-service': expect.stringContaining(deployedApp.url) })
  })

  test('is the Keycloak that its version says', async ({ deployedApp }) => {
    const { labels } = await deployedApp.service('app')
    const [, upstream] = labels[`coop-cloud.${deployedApp.stack}.version`]?.split('+') ?? []
    const answer = await administer(deployedApp, 'GET', '/serverinfo')
    expect(answer.json()).toMatchObject({ systemInfo: { version: upstream } })
  })

  test('lets its administrator into the console, who sees the realms', async ({ deployedApp, page }) => {
    const { username, password } = await administrator(deployedApp)
    await page.goto('/admin/')
    await page.locator('#username').fill(username)
    await page.locator('#password').fill(password)
    await page.locator('#kc-login').click()
    // The console first ends the login, in the same part of the address by which its pages are named.
    await expectPage(page.getByRole('navigation').first()).toBeVisible({ timeout: 120_000 })
    await page.goto('/admin/master/console/#/master/realms')
    const realms = page.getByRole('row').filter({ hasText: 'master' })
    await expectPage(realms.first()).toBeVisible({ timeout: 120_000 })
  })
})

test('upgrade keeps a realm and its user', { tags: ['upgrade'] }, async ({ upgradeCycle }) => {
  await upgradeCycle(realmWithUser('kept-by-upgrade'))
})

test('backup brings a realm and its user back', { tags: ['backup'] }, async ({ backupCycle, deployedApp }) => {
  await backupCycle(realmWithUser('kept-by-backup'))
  await restart(deployedApp)
})

describe('custom', { tags: ['custom'] }, () => {
  test('gives tokens by the password grant', async ({ deployedApp }) => {
    const { token } = await administrator(deployedApp)
    const claims = claimsOf(token)
    expect(claims).toMatchObject({ iss: `${deployedApp.url}/realms/master`, azp: 'admin-cli', typ: 'Bearer' })
    expect(Number(claims.exp) * 1000).toBeGreaterThan(Date.now())
  })

  test('gives none for a wrong password', async ({ deployedApp }) => {
    const { username } = await administrator(deployedApp)
    expect((await logIn(deployedApp, 'master', { username, password: crypto.randomUUID() })).status).toBe(401)
  })

  test('says in its discovery document where apps find everything, and it is there', async ({ deployedApp }) => {
    const issuer = `${deployedApp.url}/realms/master`
    const answer = await deployedApp.http.get(`${issuer}/.well-known/openid-configuration`)
    expect(answer.status).toBe(200)
    const document = answer.json() as Record<string, string>
    expect(document.issuer).toBe(issuer)
    for (const name of ['authorization_endpoint', 'token_endpoint', 'userinfo_endpoint', 'end_session_endpoint']) {
      expect(document[name]).toMatch(`${issuer}/`)
    }
    const keys = await deployedApp.http.get(document.jwks_uri ?? '')
    expect(keys.json()).toMatchObject({ keys: expect.arrayContaining([expect.objectContaining({ use: 'sig' })]) })
  })

  test('a realm of its own comes and goes', async ({ deployedApp }) => {
    const { seed, verify, mutate } = realmWithUser('comes-and-goes')
    await seed(deployedApp)
    await verify(deployedApp)
    await mutate(deployedApp)
    expect((await deployedApp.http.get('/realms/comes-and-goes')).status).toBe(404)
  })
})
