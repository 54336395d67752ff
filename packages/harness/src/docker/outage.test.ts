import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { dockerClient } from './connect.ts'
import { EngineAwayError, isOutage, throughOutage } from './outage.ts'

// An engine is what answers on a socket; here one that comes, goes and refuses.

let folder: string
let server: Server | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ccci-outage-'))
})
afterEach(async () => {
  await stop()
  rmSync(folder, { recursive: true, force: true })
})

const socket = () => join(folder, 'docker.sock')
const ask = () => dockerClient(`unix://${socket()}`).listVolumes()

async function start(status: number): Promise<void> {
  server = createServer((_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end('{"Volumes": [], "message": "so be it"}')
  })
  await new Promise<void>((resolve) => server?.listen(socket(), resolve))
}

async function stop(): Promise<void> {
  server?.closeAllConnections()
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)))
  server = undefined
}

const soon = () => performance.now() + 10_000

test('work goes on when the engine comes back', async () => {
  let outages = 0
  const volumes = await throughOutage(soon(), ask, () => {
    outages += 1
    if (outages === 1) void start(200)
  })
  expect(volumes.Volumes).toEqual([])
  expect(outages).toBeGreaterThan(0)
})

test('an engine whose swarm has no leader yet is waited for', async () => {
  await start(503)
  let turned: Promise<void> | undefined
  await throughOutage(soon(), ask, () => {
    turned ??= stop().then(() => start(200))
  })
  await turned
})

test('what the engine refuses is no outage: it is thrown at once', async () => {
  await start(409)
  const error = await throughOutage(soon(), ask, () => expect.unreachable()).catch((caught: unknown) => caught)
  expect(error).toMatchObject({ statusCode: 409 })
  expect(isOutage(error)).toBe(false)
})

test('at the deadline the error says that the engine did not come back, and how it was away', async () => {
  const error = await throughOutage(performance.now() + 300, ask).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(EngineAwayError)
  expect(error).toMatchObject({ told: { lastSeen: expect.stringContaining('ENOENT') } })
})
