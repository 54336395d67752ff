import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { learnSecret } from '../redact/secrets.ts'
import type { AlertDraft, AlertMessage } from './alert.ts'
import { alertSignature } from './channels.ts'
import { deliverAlerts } from './deliver.ts'
import { alertArchive, alertsDir, clearAlerts, listAlerts, raiseAlert } from './store.ts'

let stateDir: string
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'cc-ci-alerts-'))
})
afterEach(() => rmSync(stateDir, { recursive: true, force: true }))

const V1 = { version: '1.0.0+1', commit: 'a'.repeat(40) }
const V2 = { version: '2.0.0+1', commit: 'b'.repeat(40) }
const HELD: AlertDraft = {
  subject: 'keycloak',
  cause: 'held',
  title: 'held',
  text: 'a major step',
  attempted: V2,
  lastGood: V1,
}

const settings = (more: Partial<Parameters<typeof deliverAlerts>[0]> = {}) => ({
  stateDir,
  alertCommand: undefined,
  alertWebhook: undefined,
  alertSecret: undefined,
  ...more,
})

/** A hook that appends what it is given to a file, one line each. */
const hook = () => ({
  file: join(stateDir, 'told'),
  command: `cat >> ${join(stateDir, 'told')}; echo >> ${join(stateDir, 'told')}`,
})
const told = (file: string): AlertMessage[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as AlertMessage)
    : []

describe('an alert', () => {
  test('is written down for its owner alone, without the secrets that are known', () => {
    learnSecret('hunter2-hunter2')
    const { alert, fresh } = raiseAlert(stateDir, { ...HELD, text: 'the password is hunter2-hunter2' })
    expect(fresh).toBe(true)
    const file = join(alertsDir(stateDir), `${alert.id}.json`)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(file, 'utf8')).not.toContain('hunter2')
    expect(listAlerts(stateDir)).toEqual([alert])
  })

  test('is not raised again while nothing changed, delivered or not', async () => {
    const { alert } = raiseAlert(stateDir, HELD)
    expect(raiseAlert(stateDir, { ...HELD, text: 'told otherwise' })).toEqual({ alert, fresh: false })
    await deliverAlerts(settings({ alertCommand: 'cat > /dev/null' }))
    expect(raiseAlert(stateDir, HELD).fresh).toBe(false)
    expect(listAlerts(stateDir)).toEqual([])
  })

  test.for<[string, Partial<AlertDraft>]>([
    ['version', { attempted: { ...V2, commit: 'c'.repeat(40) } }],
    ['last good', { lastGood: V2 }],
    ['cause', { cause: 'unhealthy' }],
    ['subject', { subject: 'proxy' }],
    ['end', { recovered: false }],
    ['event', { event: 'another' }],
  ])('of another %s is another one', ([, change]) => {
    raiseAlert(stateDir, HELD)
    expect(raiseAlert(stateDir, { ...HELD, ...change }).fresh).toBe(true)
    expect(listAlerts(stateDir)).toHaveLength(2)
  })

  test('is raised again once what it spoke of was over', () => {
    raiseAlert(stateDir, HELD)
    clearAlerts(stateDir, 'keycloak', ['down'])
    clearAlerts(stateDir, 'proxy', ['held'])
    expect(raiseAlert(stateDir, HELD).fresh).toBe(false)
    clearAlerts(stateDir, 'keycloak', ['held'])
    expect(raiseAlert(stateDir, HELD).fresh).toBe(true)
    expect(raiseAlert(stateDir, HELD).fresh).toBe(false)
  })
})

describe('a delivery by a command', () => {
  test('hands over each alert once, the oldest first, and archives it', async () => {
    const { file, command } = hook()
    const alerts = ['one', 'two'].map((subject) => raiseAlert(stateDir, { ...HELD, subject }).alert)
    const done = await deliverAlerts(settings({ alertCommand: command }))
    expect(done.delivered.map(({ id }) => id)).toEqual(alerts.map(({ id }) => id))
    expect(told(file)).toMatchObject(alerts.map(({ id, subject }) => ({ id, subject, attempted: V2, lastGood: V1 })))
    expect(Object.keys(told(file)[0] ?? {})).not.toContain('delivery')
    expect(readdirSync(alertArchive(stateDir))).toHaveLength(2)
    expect((await deliverAlerts(settings({ alertCommand: command }))).delivered).toEqual([])
    expect(told(file)).toHaveLength(2)
  })

  test('that fails is tried again by the next one, and said', async () => {
    const { alert } = raiseAlert(stateDir, HELD)
    const failed = await deliverAlerts(settings({ alertCommand: 'echo no mail today >&2; exit 7' }))
    expect(failed.failed).toMatchObject([{ alert: { id: alert.id }, error: expect.stringContaining('no mail today') }])
    expect(listAlerts(stateDir)).toMatchObject([{ delivery: { command: { tries: 1 } } }])
    const { file, command } = hook()
    await deliverAlerts(settings({ alertCommand: command }))
    expect(told(file)).toMatchObject([{ id: alert.id }])
    expect(listAlerts(stateDir, { archived: true })).toMatchObject([{ delivery: { command: { tries: 2 } } }])
  })

  test('whose process dies before it was archived comes once more, with the same id', async () => {
    const { alert } = raiseAlert(stateDir, HELD)
    const { file, command } = hook()
    const killed = `${command}; kill -9 $PPID`
    const source = JSON.stringify(join(import.meta.dirname, 'deliver.ts'))
    const script = `const { deliverAlerts } = await import(${source}); await deliverAlerts(${JSON.stringify({ stateDir, alertCommand: killed })})`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'inherit' })
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL'])
    expect(told(file)).toHaveLength(1)
    expect(listAlerts(stateDir)).toHaveLength(1)
    await deliverAlerts(settings({ alertCommand: command }))
    expect(told(file).map(({ id }) => id)).toEqual([alert.id, alert.id])
    expect(listAlerts(stateDir)).toEqual([])
  })

  test('is made by one process at a time', async () => {
    raiseAlert(stateDir, HELD)
    const { file, command } = hook()
    const slow = settings({ alertCommand: `while [ ! -e ${stateDir}/go ]; do sleep 0.05; done; ${command}` })
    const first = deliverAlerts(slow)
    expect(await deliverAlerts(slow)).toMatchObject({ held: 'busy' })
    writeFileSync(join(stateDir, 'go'), '')
    expect((await first).delivered).toHaveLength(1)
    expect(told(file)).toHaveLength(1)
  })

  test('without any channel nothing is delivered, and nothing lost', async () => {
    raiseAlert(stateDir, HELD)
    expect(await deliverAlerts(settings())).toMatchObject({ held: 'no channel' })
    expect(listAlerts(stateDir)).toHaveLength(1)
  })
})

describe('a delivery by a webhook', () => {
  /** A receiver that answers with these statuses, one after the other; the last one for good. */
  async function receiver(...statuses: number[]) {
    const got: { headers: NodeJS.Dict<string | string[]>; body: string }[] = []
    const server = createServer(async (request, answer) => {
      let body = ''
      for await (const chunk of request) body += chunk
      got.push({ headers: request.headers, body })
      answer.writeHead((statuses.length > 1 ? statuses.shift() : statuses[0]) ?? 200, { location: '/elsewhere' }).end()
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
    return { got, url, [Symbol.dispose]: () => void server.close() }
  }
  const SECRET = 'a-key-of-more-than-16'

  test('is signed, so that its receiver knows whose it is', async () => {
    using hooked = await receiver(204)
    const { alert } = raiseAlert(stateDir, HELD)
    const done = await deliverAlerts(settings({ alertWebhook: hooked.url, alertSecret: SECRET }))
    expect(done.failed).toEqual([])
    const [{ headers, body } = { headers: {}, body: '' }] = hooked.got
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'x-cc-ci-alert': alert.id,
      'x-cc-ci-signature': alertSignature(SECRET, body),
    })
    expect(JSON.parse(body)).toMatchObject({ id: alert.id, subject: 'keycloak', cause: 'held' })
  })

  test.for([500, 302, 404])('that answers %i has not taken it', async (status) => {
    using hooked = await receiver(status, 200)
    raiseAlert(stateDir, HELD)
    const first = await deliverAlerts(settings({ alertWebhook: hooked.url }))
    expect(first.failed).toMatchObject([{ error: `webhook: it answered ${status}` }])
    expect((await deliverAlerts(settings({ alertWebhook: hooked.url }))).delivered).toHaveLength(1)
    expect(hooked.got).toHaveLength(2)
  })

  test('that fails beside a command that does not: the command is not called again', async () => {
    using hooked = await receiver(503, 200)
    const { file, command } = hook()
    raiseAlert(stateDir, HELD)
    const both = settings({ alertCommand: command, alertWebhook: hooked.url })
    expect((await deliverAlerts(both)).failed).toHaveLength(1)
    expect((await deliverAlerts(both)).delivered).toHaveLength(1)
    expect(told(file)).toHaveLength(1)
    expect(hooked.got).toHaveLength(2)
  })

  test('that nobody answers tells so without the address, which may be a secret', async () => {
    raiseAlert(stateDir, HELD)
    const { failed } = await deliverAlerts(settings({ alertWebhook: 'http://127.0.0.1:1/a-very-secret-path' }))
    expect(failed[0]?.error).toMatch(/^webhook: no answer/)
    expect(readFileSync(join(alertsDir(stateDir), `${failed[0]?.alert.id}.json`), 'utf8')).not.toContain('very-secret')
  })
})
