import { type App, describe, expect, expectPage, type Page, test } from '@cc-ci/fixtures'

/** The owner whom each of this file's apps gets. */
const owner = {
  email: 'mara@example.org',
  firstName: 'Mara',
  lastName: 'Example',
  password: `Aa1-${crypto.randomUUID()}`,
}

/** Logs the owner in, who is made where there is none yet. @returns the headers of a session */
async function ownerOf(app: App): Promise<{ cookie: string }> {
  const settings = await app.http.get('/rest/settings')
  const { data } = settings.json() as { data: { userManagement: { showSetupOnFirstLoad: boolean } } }
  const answer = data.userManagement.showSetupOnFirstLoad
    ? await app.http.post('/rest/owner/setup', owner)
    : await app.http.post('/rest/login', { emailOrLdapLoginId: owner.email, password: owner.password })
  expect(answer.status, answer.text()).toBe(200)
  return { cookie: answer.headers['set-cookie']?.split(';')[0] ?? '' }
}

/** The owner's session, which is good for as long as the data of its app. n8n lets nobody log in often. */
let session: { cookie: string } | undefined

/** A call of the API that the editor uses, by the owner. */
async function call<T = unknown>(app: App, method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<T> {
  const asOwner = (headers: { cookie: string }) =>
    app.http.request(`/rest${path}`, { method, headers, ...(body ? { body } : {}) })
  let answer = session && (await asOwner(session))
  if (!answer || answer.status === 401) {
    session = await ownerOf(app)
    answer = await asOwner(session)
  }
  expect(answer.status, `${method} ${path}: ${answer.text()}`).toBe(200)
  return (answer.json() as { data: T }).data
}

/**
 * A workflow that greets whoever calls its address and knows its key. The key is a credential, which n8n encrypts with a key
 * of its own that it keeps beside its database.
 */
function greeter(path: string) {
  const key = { name: 'x-key', value: crypto.randomUUID() }
  let workflow = ''
  let credential = ''
  const greet = (app: App, headers: Record<string, string>) => app.http.get(`/webhook/${path}?name=Mara`, { headers })
  return {
    greet,
    async seed(app: App): Promise<void> {
      const made = { name: path, type: 'httpHeaderAuth', data: key }
      credential = (await call<{ id: string }>(app, 'POST', '/credentials', made)).id
      const drawn = greeting(path, { id: credential, name: path })
      const saved = await call<{ id: string; versionId: string }>(app, 'POST', '/workflows', drawn)
      workflow = saved.id
      await call(app, 'POST', `/workflows/${workflow}/activate`, { versionId: saved.versionId })
      // Its address is there a moment after that.
      await expect.poll(async () => (await greet(app, {})).status, { timeout: 60_000 }).toBe(403)
    },
    async mutate(app: App): Promise<void> {
      await call(app, 'POST', `/workflows/${workflow}/archive`)
      await call(app, 'DELETE', `/workflows/${workflow}`)
      await call(app, 'DELETE', `/credentials/${credential}`)
    },
    async verify(app: App): Promise<void> {
      const answer = await greet(app, { [key.name]: key.value })
      expect(answer.status, answer.text()).toBe(200)
      expect(answer.json()).toEqual({ greeting: 'Hello Mara', sum: 42 })
    },
  }
}

/** As the editor saves it: an address, and what is answered there, which n8n works out. */
function greeting(path: string, credential: { id: string; name: string }) {
  const answer = '={{ { greeting: "Hello " + $json.query.name, sum: 6 * 7 } }}'
  return {
    name: path,
    nodes: [
      {
        id: crypto.randomUUID(),
        name: 'Webhook',
        type: 'n8n-nodes-base.webhook',
        typeVersion: 2,
        position: [0, 0],
        webhookId: crypto.randomUUID(),
        parameters: { path, authentication: 'headerAuth', responseMode: 'lastNode', options: {} },
        credentials: { httpHeaderAuth: credential },
      },
      {
        id: crypto.randomUUID(),
        name: 'Answer',
        type: 'n8n-nodes-base.set',
        typeVersion: 3.4,
        position: [220, 0],
        parameters: { mode: 'raw', jsonOutput: answer, options: {} },
      },
    ],
    connections: { Webhook: { main: [[{ node: 'Answer', type: 'main', index: 0 }]] } },
    settings: {},
  }
}

/** A file beside the database: whether it is there says whose files these are. */
const NOTE = '/home/node/.n8n/note.txt'

/**
 * The same, with what an operator does after a restore of files: n8n goes on with what it has read of those before, the key of
 * its credentials at least.
 */
function greeterInFiles(path: string) {
  const { seed, mutate, verify, greet } = greeter(path)
  return {
    async seed(app: App): Promise<void> {
      await seed(app)
      await app.exec('app', `echo ${path} > ${NOTE}`)
    },
    async mutate(app: App): Promise<void> {
      await mutate(app)
      await app.exec('app', `rm ${NOTE}`)
    },
    async verify(app: App): Promise<void> {
      const note = await app.exec('app', `cat ${NOTE}`)
      expect(note.stdout.trim()).toBe(path)
      const served = async () => (await greet(app, {})).status
      if ((await served()) !== 403) {
        await restart(app)
        await expect.poll(served, { timeout: 60_000 }).toBe(403)
      }
      await verify(app)
    },
  }
}

async function restart(app: App): Promise<void> {
  const running = async () => (await app.service('app')).tasks.findLast(({ state }) => state === 'running')?.containerId
  const before = await running()
  // At once, so that it writes nothing more over what was restored; swarm starts what has failed anew.
  await app.exec('app', 'kill -9 -1')
  await expect.poll(running, { timeout: 300_000, interval: 500 }).not.toBeOneOf([before, undefined])
  const status = async () => (await app.http.get('/rest/login')).status
  await expect.poll(status, { timeout: 300_000, interval: 500 }).toBe(401)
}

/** Opens a page of hundreds of scripts. Chromium drops those it is loading when a network of the machine comes or goes. */
async function open(page: Page, path: string, shown: string): Promise<void> {
  await expectPage(async () => {
    await page.goto(path)
    await expectPage(page.locator(shown)).toBeVisible({ timeout: 60_000 })
  }).toPass({ timeout: 300_000 })
}

describe('install', { tags: ['install'] }, () => {
  test('says that it is well', async ({ deployedApp }) => {
    const answer = await deployedApp.http.get('/healthz')
    expect(answer.status).toBe(200)
    expect(answer.json()).toEqual({ status: 'ok' })
  })

  test('is the n8n that its version says', async ({ deployedApp }) => {
    const { labels } = await deployedApp.service('app')
    const [, upstream] = labels[`coop-cloud.${deployedApp.stack}.version`]?.split('+') ?? []
    const { stdout } = await deployedApp.exec('app', 'n8n --version')
    expect(stdout.trim()).toBe(upstream)
  })

  test('lets its owner set it up in the browser, who then sees the editor', async ({ page }) => {
    await open(page, '/', 'input[name="email"]')
    for (const [name, value] of Object.entries(owner)) await page.locator(`input[name="${name}"]`).fill(value)
    await page.getByRole('button', { name: 'Next' }).click()
    await expectPage(page.locator('input[name="email"]')).toBeHidden({ timeout: 60_000 })
    await open(page, '/workflow/new', '[data-test-id="canvas-add-button"]')
  })
})

test('upgrade keeps a workflow and its credential', { tags: ['upgrade'] }, async ({ upgradeCycle }) => {
  await upgradeCycle(greeter('kept-by-upgrade'))
})

test('backup brings a workflow and its credential back', { tags: ['backup'] }, async ({ backupCycle }) => {
  await backupCycle(greeterInFiles('kept-by-backup'))
})

describe('custom', { tags: ['custom'] }, () => {
  test('a workflow runs for whoever has its key, and for nobody else', async ({ deployedApp }) => {
    const { seed, verify, greet } = greeter('only-with-key')
    await seed(deployedApp)
    await verify(deployedApp)
    expect((await greet(deployedApp, {})).status).toBe(403)
    expect((await greet(deployedApp, { 'x-key': 'guessed' })).status).toBe(403)
  })

  test('keeps what each run of a workflow did', async ({ deployedApp }) => {
    const { seed, verify } = greeter('kept-run')
    await seed(deployedApp)
    await verify(deployedApp)
    const runs = async () => {
      const { results } = await call<{ results: { workflowName: string; status: string }[] }>(
        deployedApp,
        'GET',
        '/executions',
      )
      return results.filter(({ workflowName }) => workflowName === 'kept-run').map(({ status }) => status)
    }
    await expect.poll(runs, { timeout: 30_000, interval: 500 }).toEqual(['success'])
  })

  test('lets nobody in with a wrong password, nor without one', async ({ deployedApp }) => {
    await call(deployedApp, 'GET', '/workflows')
    const login = { emailOrLdapLoginId: owner.email, password: crypto.randomUUID() }
    expect((await deployedApp.http.post('/rest/login', login)).status).toBe(401)
    expect((await deployedApp.http.get('/rest/workflows')).status).toBe(401)
  })
})
