import { randomBytes } from 'node:crypto'
import { type App, describe, expect, expectPage, test } from '@cc-ci/fixtures'
import { type Keys, s3 } from './s3.ts'

/** Whoever may do everything. */
async function root(app: App): Promise<Keys> {
  const { stdout } = await app.exec('app', ['cat', '/run/secrets/root_key'])
  return { id: app.env.MINIO_ROOT_USER ?? '', secret: stdout.trim() }
}

/** The bucket that the job makes. */
const bucketOf = (app: App): string => app.env.BUCKET_NAME ?? ''

const pathOf = (app: App, name: string): string => `/${bucketOf(app)}/${name}`

async function put(app: App, name: string, content: Buffer): Promise<void> {
  const answer = await s3(app, await root(app), 'PUT', pathOf(app, name), content)
  expect(answer.status, answer.text()).toBe(200)
}

async function expectObject(app: App, name: string, content: Buffer): Promise<void> {
  const answer = await s3(app, await root(app), 'GET', pathOf(app, name))
  expect(answer.status, `GET ${name}`).toBe(200)
  expect(answer.body.equals(content), `${name} is as it was put`).toBe(true)
}

/** Names of the objects below a folder. */
async function listed(app: App, folder: string): Promise<string[]> {
  const answer = await s3(app, await root(app), 'GET', `/${bucketOf(app)}?list-type=2&prefix=${folder}%2F`)
  expect(answer.status, answer.text()).toBe(200)
  return [...answer.text().matchAll(/<Key>([^<]+)<\/Key>/g)].map(([, name = '']) => name)
}

/**
 * What an operator does after a restore into a fresh MinIO, which serves nothing while the files under it are those of another
 * one: it looks whose they are when it starts.
 */
async function restartIfForeign(app: App): Promise<void> {
  const keys = await root(app)
  const status = async () => (await s3(app, keys, 'GET', pathOf(app, 'no-such-object'))).status
  if ((await status()) !== 503) return
  const asked = await s3(app, keys, 'POST', '/minio/admin/v3/service?action=restart')
  expect(asked.status, asked.text()).toBe(200)
  await expect.poll(status, { timeout: 60_000, interval: 500 }).toBe(404)
}

/** Two objects as users put them: a small one, which MinIO keeps beside its description, and one in a file of its own. */
function objects(folder: string) {
  const small = { name: `${folder}/letter.txt`, content: Buffer.from('Dear Mara') }
  const large = { name: `${folder}/picture.jpg`, content: randomBytes(3 * 1024 * 1024) }
  return {
    async seed(app: App): Promise<void> {
      for (const { name, content } of [small, large]) await put(app, name, content)
    },
    async mutate(app: App): Promise<void> {
      await put(app, large.name, randomBytes(1024))
      expect((await s3(app, await root(app), 'DELETE', pathOf(app, small.name))).status).toBe(204)
    },
    async verify(app: App): Promise<void> {
      for (const { name, content } of [small, large]) await expectObject(app, name, content)
      expect(await listed(app, folder)).toEqual([small.name, large.name])
    },
  }
}

describe('install', { tags: ['install'] }, () => {
  test('is ready to serve', async ({ deployedApp }) => {
    expect((await deployedApp.http.get('/minio/health/cluster')).status).toBe(200)
  })

  test('has the bucket that its job makes, and the job has ended well', async ({ deployedApp }) => {
    const { completed, running } = await deployedApp.service('createbuckets')
    expect({ completed, running }).toEqual({ completed: 1, running: 0 })
    const answer = await s3(deployedApp, await root(deployedApp), 'GET', '/')
    expect(answer.text()).toContain(`<Name>${bucketOf(deployedApp)}</Name>`)
  })

  test('shows the bucket in the browser', async ({ deployedApp, page }) => {
    const { id, secret } = await root(deployedApp)
    await page.goto(`https://${deployedApp.env.CONSOLE_DOMAIN}/`)
    await page.locator('#accessKey').fill(id)
    await page.locator('#secretKey').fill(secret)
    await page.locator('#do-login').click()
    await expectPage(page.getByText(bucketOf(deployedApp)).first()).toBeVisible({ timeout: 30_000 })
  })
})

test('upgrade keeps the objects', { tags: ['upgrade'] }, async ({ upgradeCycle }) => {
  await upgradeCycle(objects('kept-by-upgrade'))
})

test('backup brings the objects back', { tags: ['backup'] }, async ({ backupCycle }) => {
  const { seed, mutate, verify } = objects('kept-by-backup')
  await backupCycle({
    seed,
    mutate,
    async verify(app) {
      await restartIfForeign(app)
      await verify(app)
    },
  })
})

describe('custom', { tags: ['custom'] }, () => {
  test('gives nothing to who is unknown', async ({ deployedApp }) => {
    await put(deployedApp, 'private.txt', Buffer.from('private'))
    const path = pathOf(deployedApp, 'private.txt')
    expect((await deployedApp.http.get(path)).status).toBe(403)
    const { id } = await root(deployedApp)
    const answer = await s3(deployedApp, { id, secret: randomBytes(16).toString('hex') }, 'GET', path)
    expect(answer.status).toBe(403)
    expect(answer.text()).toContain('SignatureDoesNotMatch')
  })

  test('an object comes, is listed, and goes', async ({ deployedApp }) => {
    const content = randomBytes(100)
    await put(deployedApp, 'comes/and-goes.bin', content)
    await expectObject(deployedApp, 'comes/and-goes.bin', content)
    expect(await listed(deployedApp, 'comes')).toEqual(['comes/and-goes.bin'])
    await s3(deployedApp, await root(deployedApp), 'DELETE', pathOf(deployedApp, 'comes/and-goes.bin'))
    expect(await listed(deployedApp, 'comes')).toEqual([])
  })
})
