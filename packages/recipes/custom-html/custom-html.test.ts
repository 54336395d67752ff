import { type App, describe, expect, expectPage, test } from '@cc-ci/fixtures'

const MARKER = 'the site of a user'

async function writeMarker(app: App): Promise<void> {
  const content = await app.volume('content')
  await content.write('marker.html', MARKER)
}

async function eraseMarker(app: App): Promise<void> {
  const content = await app.volume('content')
  await content.write('marker.html', 'overwritten')
}

async function readMarker(app: App): Promise<void> {
  const answer = await app.http.get('/marker.html')
  expect(answer.status).toBe(200)
  expect(answer.text()).toBe(MARKER)
}

describe('install', { tags: ['install'] }, () => {
  test('serves its page', async ({ deployedApp }) => {
    const answer = await deployedApp.http.get('/')
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toMatch(/^text\/html/)
  })

  test('runs the version under test', async ({ deployedApp }) => {
    const { labels } = await deployedApp.service('app')
    expect(labels[`coop-cloud.${deployedApp.stack}.version`]).toBe(deployedApp.version)
  })

  test('shows its page in a browser', async ({ page }) => {
    const answer = await page.goto('/')
    expect(answer?.status()).toBe(200)
    await expectPage(page.locator('h1')).toBeVisible()
  })
})

test('upgrade keeps the site', { tags: ['upgrade'] }, async ({ upgradeCycle }) => {
  await upgradeCycle({ seed: writeMarker, verify: readMarker })
})

test('backup brings the site back', { tags: ['backup'] }, async ({ backupCycle }) => {
  await backupCycle({ seed: writeMarker, mutate: eraseMarker, verify: readMarker })
})

describe('custom', { tags: ['custom'] }, () => {
  test('serves what is put into its volume, byte for byte', async ({ deployedApp }) => {
    const text = `written at ${new Date().toISOString()}`
    const content = await deployedApp.volume('content')
    await content.write('note.txt', text)
    const answer = await deployedApp.http.get('/note.txt')
    expect(answer.text()).toBe(text)
  })

  test('serves text as text and pages as pages', async ({ deployedApp }) => {
    const content = await deployedApp.volume('content')
    await content.write('type.txt', 'text')
    await content.write('type.html', '<p>page</p>')
    const types = await Promise.all(
      ['/type.txt', '/type.html'].map(async (path) => (await deployedApp.http.get(path)).headers['content-type']),
    )
    expect(types).toEqual([expect.stringMatching(/^text\/plain/), expect.stringMatching(/^text\/html/)])
  })

  test('answers 404 for what is not there', async ({ deployedApp }) => {
    expect((await deployedApp.http.get('/no-such-page.html')).status).toBe(404)
  })
})
