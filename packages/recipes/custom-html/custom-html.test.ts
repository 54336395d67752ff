import { type App, describe, expect, expectPage, test } from '@cc-ci/fixtures'

// The suite to copy for a recipe of your own. Tests stand in the order of the stages, each with its stage as a tag, and all
// of them share one app. They ask for what every version of the recipe promises, not for what only the newest one has.

/** Data as a user of the app would have it: how to put it in, how to damage it, and how to tell that it is all there. */
const site = {
  async seed(app: App): Promise<void> {
    const content = await app.volume('content')
    await content.write('mine.html', '<h1>My site</h1>')
  },
  async mutate(app: App): Promise<void> {
    const content = await app.volume('content')
    await content.write('mine.html', '<h1>Not mine</h1>')
  },
  /** By what the app serves: a file that is back where the app does not look for it is not back. */
  async verify(app: App): Promise<void> {
    const answer = await app.http.get('/mine.html')
    expect(answer.status).toBe(200)
    expect(answer.text()).toBe('<h1>My site</h1>')
  },
}

// Does it work on a machine that has never seen it? These tests only look: they also run against apps of others.
describe('install', { tags: ['install'] }, () => {
  test('serves its page', async ({ deployedApp }) => {
    const answer = await deployedApp.http.get('/')
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toMatch(/^text\/html/)
  })

  test('is the nginx that its version says', async ({ deployedApp }) => {
    const { labels } = await deployedApp.service('app')
    const [, upstream] = labels[`coop-cloud.${deployedApp.stack}.version`]?.split('+') ?? []
    const { stderr } = await deployedApp.exec('app', 'nginx -v')
    expect(stderr).toContain(`nginx/${upstream}`)
  })

  test('shows its page in a browser', async ({ page }) => {
    await page.goto('/')
    await expectPage(page.locator('h1')).toBeVisible()
  })
})

// The published version before → seed, verify → the version under test in its place → verify.
test('upgrade keeps the site', { tags: ['upgrade'] }, async ({ upgradeCycle }) => {
  await upgradeCycle(site)
})

// Seed, verify → back up → mutate → restore → verify; and once more, restored into a fresh app.
test('backup brings the site back', { tags: ['backup'] }, async ({ backupCycle }) => {
  await backupCycle(site)
})

// What people rely on beyond that. Best are tests that fail when the recipe is configured wrongly.
describe('custom', { tags: ['custom'] }, () => {
  test('serves what is in its volume, byte for byte', async ({ deployedApp }) => {
    const bytes = Buffer.from(Uint8Array.from({ length: 256 }, (_, byte) => byte))
    const content = await deployedApp.volume('content')
    await content.write('bytes.bin', bytes)
    const answer = await deployedApp.http.get('/bytes.bin')
    expect(answer.body).toEqual(bytes)
  })

  test('serves text as text and pages as pages', async ({ deployedApp }) => {
    const content = await deployedApp.volume('content')
    await content.write('type.txt', 'text')
    await content.write('type.html', '<p>page</p>')
    const text = await deployedApp.http.get('/type.txt')
    const page = await deployedApp.http.get('/type.html')
    expect(text.headers['content-type']).toMatch(/^text\/plain/)
    expect(page.headers['content-type']).toMatch(/^text\/html/)
  })

  test('has no page where there is none', async ({ deployedApp }) => {
    const answer = await deployedApp.http.get('/no-such-page.html')
    expect(answer.status).toBe(404)
  })
})
