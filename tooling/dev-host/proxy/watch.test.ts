import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dockerClient } from '@cc-ci/harness'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { watchEvents } from './watch.ts'

// An engine is what answers on a socket; this one says what a test has it say.

let folder: string
let engine: ServerResponse
let changes: number
let closing: AbortController
let close: () => Promise<void>
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ccci-watch-'))
  const socket = join(folder, 'docker.sock')
  const server = createServer().listen(socket)
  await once(server, 'listening')
  const asked = once(server, 'request')
  closing = new AbortController()
  changes = 0
  const watching = watchEvents(
    dockerClient(`unix://${socket}`),
    () => (changes += 1),
    () => {},
    closing.signal,
  )
  engine = (await asked)[1] as ServerResponse
  engine.writeHead(200).flushHeaders()
  // The first look is for what was missed before.
  await expect.poll(() => changes).toBe(1)
  close = async () => {
    closing.abort()
    await watching
    server.closeAllConnections()
    server.close()
  }
})
afterEach(async () => {
  await close()
  rmSync(folder, { recursive: true })
})

const event = (action: string, attributes: Record<string, string>, type = 'container') =>
  `${JSON.stringify({ status: action, Type: type, Action: action, Actor: { ID: '1', Attributes: attributes } })}\n`

const SWARM = { 'com.docker.swarm.service.name': 'app' }

test('an event that comes in two pieces is heard', async () => {
  const text = event('health_status: healthy', SWARM)
  const middle = text.indexOf('Actor')
  engine.write(text.slice(0, middle))
  await new Promise((resolve) => setImmediate(resolve))
  engine.write(text.slice(middle))
  await expect.poll(() => changes).toBe(2)
})

test('health checks and containers outside of swarm are passed over', async () => {
  engine.write(event('exec_start: curl', SWARM) + event('start', { name: 'helper' }) + event('update', {}, 'service'))
  await expect.poll(() => changes).toBe(2)
})
