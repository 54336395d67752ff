import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadSettings } from '@cc-ci/harness'
import { chromium } from 'playwright-core'
import { createDashboard } from './app.ts'
import { pictureOf } from './card/chromium.ts'
import { writeSample } from './sample/state.ts'
import { listen } from './server.ts'

const OUT = join(import.meta.dirname, '../../docs/images')

/** An app as a screenshot of a failed test may show it. */
const APP = `<body style="margin:0;font:16px system-ui;display:grid;place-items:center;height:100vh;background:#eef2f7;color:#223">
<main style="background:#fff;padding:40px 56px;border-radius:12px"><h1>Sign in</h1><p>The rooms are being loaded…</p></main></body>`

const WIDE = { width: 1120, height: 900 }
const PHONE = { width: 390, height: 844 }

/** Takes the pictures of the pages that the documentation shows, of a sample state directory. */
async function main(): Promise<void> {
  const { chromium: executablePath } = await loadSettings()
  const stateDir = mkdtempSync(join(tmpdir(), 'cc-ci-images-'))
  const sample = writeSample(stateDir, Date.now(), await pictureOf(APP, executablePath))
  const server = await listen(createDashboard({ stateDir, chromium: executablePath }), 0, '127.0.0.1')
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const browser = await chromium.launch({ executablePath, args })
  mkdirSync(OUT, { recursive: true })
  const take = async (name: string, path: string, colorScheme: 'light' | 'dark', viewport: typeof WIDE) => {
    const context = await browser.newContext({ colorScheme, viewport })
    const page = await context.newPage()
    // A run that goes on keeps its connection open: the network is never idle there.
    await page.goto(server.url + path, { waitUntil: 'load' })
    await page.screenshot({ path: join(OUT, `${name}.png`) })
    await context.close()
  }
  try {
    await take('overview-light', '/', 'light', WIDE)
    await take('overview-dark', '/', 'dark', WIDE)
    await take('overview-phone', '/', 'dark', PHONE)
    await take('recipe-light', '/recipes/matrix-synapse', 'light', WIDE)
    await take('run-light', `/runs/${sample.red.id}`, 'light', WIDE)
    await take('run-dark', `/runs/${sample.running.id}`, 'dark', WIDE)
    await take('run-phone', `/runs/${sample.red.id}`, 'light', PHONE)
    const card = await fetch(`${server.url}/runs/${sample.red.id}/card.png`)
    writeFileSync(join(OUT, 'card.png'), Buffer.from(await card.arrayBuffer()))
  } finally {
    await browser.close()
    await server.close()
    rmSync(stateDir, { recursive: true, force: true })
  }
}

await main()
