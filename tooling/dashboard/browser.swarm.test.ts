import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { loadSettings, runDir, saveRecord } from '@cc-ci/harness'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createDashboard } from './app.ts'
import { attack, SCRIPT } from './sample/attack.ts'
import { sampleRecord, writeSampleRecord } from './sample/record.ts'
import { type Sample, writeSample } from './sample/state.ts'
import { PIXEL, TestState } from './sample/test-state.ts'
import { type DashboardServer, listen } from './server.ts'

// These run in the page, which the types here know nothing of.
const WIDTHS = '[document.documentElement.scrollWidth, document.documentElement.clientWidth]'
const PAPER = 'getComputedStyle(document.body).backgroundColor'
const FOCUSED = 'document.activeElement?.textContent'

let browser: Browser
let state: TestState
let sample: Sample
let server: DashboardServer

const serve = async (stateDir: string, port = 0): Promise<DashboardServer> => {
  const { chromium: executable } = await loadSettings()
  return await listen(createDashboard({ stateDir, chromium: executable }), port, '127.0.0.1')
}

beforeAll(async () => {
  const { chromium: executablePath } = await loadSettings()
  browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] })
  state = new TestState()
  sample = writeSample(state.dir, Date.now(), PIXEL, 2)
  server = await serve(state.dir)
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
  state?.[Symbol.dispose]()
})

async function open(options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext(options)
  onTestFinished(() => context.close())
  return await context.newPage()
}

/** A host and its dashboard of a test's own. */
async function own(): Promise<{ state: TestState; server: DashboardServer }> {
  const mine = new TestState()
  const running = await serve(mine.dir)
  onTestFinished(async () => {
    await running.close().catch(() => {})
    mine[Symbol.dispose]()
  })
  return { state: mine, server: running }
}

const pages = () => [
  '/',
  '/runs',
  '/host',
  '/recipes/matrix-synapse',
  `/runs/${sample.red.id}`,
  `/runs/${sample.running.id}`,
  `/runs/${sample.infrastructure.id}`,
  `/runs/${sample.quick.id}`,
  '/nothing',
]

test('nothing on any page keeps anybody out, in light and in dark colours', async () => {
  const page = await open({ colorScheme: 'light' })
  const grave = async (rules?: string[]) => {
    // There are no frames, for which each look would open a page of its own.
    const axe = new AxeBuilder({ page }).setLegacyMode()
    const { violations } = await (rules ? axe.withRules(rules) : axe).analyze()
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => [id, nodes.map(({ target }) => String(target))])
  }
  for (const path of pages()) {
    await page.emulateMedia({ colorScheme: 'light' })
    await page.goto(server.url + path, { waitUntil: 'load' })
    // What is folded in is for everybody, too.
    await page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
    expect(await grave(), path).toEqual([])
    // All but the colours is the same.
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await grave(['color-contrast']), `${path} in the dark`).toEqual([])
  }
})

test('pages fit on a phone, and are whole without scripts', async () => {
  const page = await open({ viewport: { width: 320, height: 640 }, javaScriptEnabled: false })
  for (const path of pages()) {
    await page.goto(server.url + path)
    expect(await page.locator('h1').isVisible(), path).toBe(true)
    const [needed, there] = (await page.evaluate(WIDTHS)) as [number, number]
    expect(needed, path).toBeLessThanOrEqual(there)
    expect(await page.locator('#theme').isVisible(), 'a switch that does nothing').toBe(false)
  }
  await page.goto(`${server.url}/runs/${sample.red.id}`)
  expect(await page.locator('#log').textContent()).toContain('✗ keeps the rooms')
})

test('the colours can be chosen, and stay; the keyboard gets to the content first', async () => {
  const page = await open({ colorScheme: 'light' })
  await page.goto(server.url)
  const paper = () => page.evaluate(PAPER)
  const light = await paper()
  await page.keyboard.press('Tab')
  expect(await page.evaluate(FOCUSED)).toBe('To the content')
  const theme = page.getByRole('button', { name: 'Colours' })
  await theme.click()
  expect(await paper()).toBe(light)
  await theme.click()
  const dark = await paper()
  expect(dark).not.toBe(light)
  await page.reload()
  expect(await paper()).toBe(dark)
  expect(await theme.textContent()).toBe('Colours: dark')
})

test('nothing that an app has printed or somebody has written is ever executed', async () => {
  const { state: mine, server: own_ } = await own()
  const { record } = attack(mine)
  const going = writeSampleRecord(mine.dir, { recipe: 'going', startedAt: new Date().toISOString(), state: 'running' })
  const log = join(going.folder, 'output.log')
  appendFileSync(log, `${SCRIPT}\n`)
  const page = await open()
  const alarms: string[] = []
  page.on('dialog', async (dialog) => {
    alarms.push(dialog.message())
    await dialog.dismiss()
  })
  page.on('console', (message) => {
    if (message.type() === 'error') alarms.push(message.text())
  })
  page.on('pageerror', (error) => alarms.push(error.message))
  const paths = ['/', '/runs', '/host', `/recipes/${encodeURIComponent(record.recipe)}`, `/runs/${record.id}`]
  for (const path of paths) {
    await page.goto(own_.url + path, { waitUntil: 'load' })
    expect(await page.content(), path).toContain('alert(1)')
  }
  await page.goto(`${own_.url}/runs/${record.id}/files/page.html`)
  expect(await page.locator('body').textContent()).toBe(SCRIPT)

  await page.goto(`${own_.url}/runs/${going.record.id}`, { waitUntil: 'load' })
  appendFileSync(log, `\u001b[31m${SCRIPT}\u001b]8;;javascript:alert(1)\u0007link\n`)
  await page.locator('#log .fg-red', { hasText: `${SCRIPT}link` }).waitFor()
  expect(await page.locator('#log script, #log img, #log a').count()).toBe(0)
  // The picture of the attack's screenshot is missing; everything else would be an attack that was tried.
  expect(alarms.filter((text) => !text.includes('404'))).toEqual([])
})

test('a log goes on by itself, also after the connection was lost, each line once; the end is shown', async () => {
  const { state: mine, server: first } = await own()
  const startedAt = new Date().toISOString()
  const { record, folder } = writeSampleRecord(mine.dir, { recipe: 'demo', startedAt, state: 'running' })
  const log = join(runDir(mine.dir, record.id), 'output.log')
  appendFileSync(log, 'line 1\n')
  const page = await open()
  await page.goto(`${first.url}/runs/${record.id}`, { waitUntil: 'load' })
  await page.locator('#log-state', { hasText: 'live' }).waitFor()
  appendFileSync(log, 'line 2\nline 3\n')
  await page.locator('#log', { hasText: 'line 3' }).waitFor()

  await first.close()
  await page.locator('#log-state', { hasText: 'connecting again' }).waitFor()
  appendFileSync(log, 'line 4\n')
  const second = await serve(mine.dir, Number(new URL(first.url).port))
  onTestFinished(() => second.close())
  await page.locator('#log', { hasText: 'line 4' }).waitFor()

  appendFileSync(log, 'line 5, the last')
  saveRecord(folder, sampleRecord({ recipe: 'demo', startedAt }))
  await page.locator('#log-state', { hasText: 'the run has ended' }).waitFor()
  await page.locator('h1 + p .is-green').waitFor()
  const lines = ((await page.locator('#log').textContent()) ?? '').split('\n').filter((line) => line.startsWith('line'))
  expect(lines).toEqual(['line 1', 'line 2', 'line 3', 'line 4', 'line 5, the last'])
})

test('the overview shows what is new without being loaded again, and what has the focus keeps it', async () => {
  const { state: mine, server: own_ } = await own()
  writeSampleRecord(mine.dir, { recipe: 'first', startedAt: '2026-01-30T10:15:02.000Z' })
  const page = await open()
  await page.goto(own_.url)
  await page.getByRole('link', { name: 'first' }).focus()
  writeSampleRecord(mine.dir, { recipe: 'second', startedAt: new Date().toISOString(), state: 'running' })
  // As when somebody comes back to the page, which looks again by itself, too.
  await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
  await page.getByRole('rowheader', { name: 'second' }).waitFor()
  expect(await page.locator('#said').textContent()).toBe('Recipes: 1 running · cc-ci')
  expect(await page.evaluate(FOCUSED)).toBe('first')
})

test('the result of a run is a picture, taken once, however many ask', async () => {
  const { state: mine, server: own_ } = await own()
  const { record, folder } = writeSampleRecord(mine.dir, {
    recipe: `demo${SCRIPT}`,
    startedAt: '2026-01-30T10:15:02.000Z',
  })
  const running = writeSampleRecord(mine.dir, {
    recipe: 'demo',
    startedAt: '2026-01-30T11:15:02.000Z',
    state: 'running',
  })
  const address = `${own_.url}/runs/${record.id}/card.png`
  const answers = await Promise.all([1, 2, 3].map(() => fetch(address)))
  const pictures = await Promise.all(answers.map(async (answer) => Buffer.from(await answer.arrayBuffer())))
  const [picture = Buffer.alloc(0)] = pictures
  expect(answers.map(({ status, headers }) => [status, headers.get('content-type')])).toEqual(
    Array(3).fill([200, 'image/png']),
  )
  expect([picture.readUInt32BE(16), picture.readUInt32BE(20)]).toEqual([1200, 630])
  for (const other of pictures) expect(other.equals(picture)).toBe(true)
  appendFileSync(join(folder, 'card.png'), 'kept')
  expect(
    Buffer.from(await (await fetch(address)).arrayBuffer())
      .subarray(-4)
      .toString(),
  ).toBe('kept')
  expect((await fetch(`${own_.url}/runs/${running.record.id}/card.png`)).status).toBe(404)
})
