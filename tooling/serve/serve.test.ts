import { writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { TestBridge } from '../bridge/test/test-bridge.ts'

// Each test starts the whole program, and the machine may be busy.
vi.setConfig({ testTimeout: 60_000 })

const CLI = join(import.meta.dirname, '../cli/main.ts')

let bridge: TestBridge
beforeEach(() => {
  // Nobody answers there; what needs a Gitea is shown with a real one.
  bridge = new TestBridge({ url: 'http://127.0.0.1:9', tokenFile: 'token' })
  writeFileSync(join(bridge.stateDir, 'token'), 't'.repeat(40), { mode: 0o600 })
})
afterEach(() => bridge[Symbol.asyncDispose]())

test('it serves bridge and dashboard, although Gitea is away, and ends in order', async () => {
  await bridge.start()
  const page = async (path: string) => await fetch(`${bridge.url}${path}`)
  expect((await page('/')).status).toBe(200)
  expect(await statusAs('evil.example')).toBe(421)
  expect((await page('/badge/nothing.svg')).headers.get('content-type')).toContain('svg')
  expect(await (await page('/healthz')).json()).toMatchObject({ ok: true, runs: 0, queue: { queued: 0, launched: 0 } })
  expect(await (await page('/metrics')).text()).toContain('ccci_bridge_runs_open 0')
  expect((await fetch(`${bridge.url}/webhook`, { method: 'POST', body: '{}' })).status).toBe(404)
  await bridge.said('Gitea does not do its part')
  expect(await bridge.kill('SIGTERM')).toBe(0)
  expect(bridge.log).not.toContain('t'.repeat(40))
})

/** What is answered to somebody who calls this server by another name. */
function statusAs(host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = get(`${bridge.url}/`, { headers: { host } }, (answer) => resolve(answer.resume().statusCode))
    asked.on('error', reject)
  })
}

test('a second one waits for the end of the first', async () => {
  await bridge.start()
  const second = execa(process.execPath, [CLI, 'serve', '--config', bridge.config], {
    env: { CCCI_STATE_DIR: bridge.stateDir },
    all: true,
    reject: false,
  })
  const heard: string[] = []
  const hears = (text: string) =>
    new Promise<void>((resolve) => second.all.on('data', () => heard.join('').includes(text) && resolve()))
  second.all.on('data', (chunk) => heard.push(String(chunk)))
  const [waiting, serving] = [hears('another process serves this state directory'), hears('"serving"')]
  await waiting
  expect(heard.join('')).not.toContain('"serving"')
  await bridge.kill('SIGKILL')
  await serving
  second.kill('SIGTERM')
  expect((await second).exitCode).toBe(0)
})

test('an address that is taken is refused', async () => {
  await bridge.start()
  await using other = new TestBridge(
    { url: 'http://127.0.0.1:9', tokenFile: join(bridge.stateDir, 'token') },
    {
      listen: { port: bridge.port },
    },
  )
  other.launch()
  await other.said('cannot listen on 127.0.0.1')
  expect(await other.exitCode()).toBe(2)
})

test('one that waits can be told to end', async () => {
  await bridge.start()
  const second = execa(process.execPath, [CLI, 'serve', '--config', bridge.config], {
    env: { CCCI_STATE_DIR: bridge.stateDir },
    all: true,
    reject: false,
  })
  second.all.on('data', (chunk) => String(chunk).includes('waiting for its end') && second.kill('SIGTERM'))
  expect((await second).exitCode).toBe(0)
})

test('without a configuration it says what to do', async () => {
  const { exitCode, all } = await execa(
    process.execPath,
    [CLI, 'serve', '--config', join(bridge.stateDir, 'absent.json')],
    { env: { CCCI_STATE_DIR: bridge.stateDir }, all: true, reject: false },
  )
  expect(exitCode).toBe(2)
  expect(all).toContain('docs/bridge.md has one to begin with')
})
