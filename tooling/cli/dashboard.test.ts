import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { writeSampleRecord } from '../dashboard/sample/record.ts'
import { dashboardProcess } from '../dashboard/sample/server.ts'
import { TestState } from '../dashboard/sample/test-state.ts'

test('the dashboard shows the runs of the state directory until it is told to end', async () => {
  using state = new TestState()
  writeSampleRecord(state.dir, { recipe: 'demo', startedAt: '2026-01-30T10:15:02.000Z' })
  await using server = await dashboardProcess(state.dir)
  expect(await (await fetch(server.url)).text()).toContain('demo')

  // Whoever made a name of theirs lead to this machine learns nothing.
  const [answer] = (await once(get(server.url, { headers: { host: 'evil.example.org' } }), 'response')) as [
    IncomingMessage,
  ]
  answer.resume()
  expect(answer.statusCode).toBe(421)
  const { port } = new URL(server.url)
  expect((await fetch(`http://localhost:${port}/healthz`)).status).toBe(200)

  const taken = await execa(process.execPath, [`${import.meta.dirname}/main.ts`, 'dashboard', '--port', port], {
    env: { CCCI_STATE_DIR: state.dir },
    all: true,
    reject: false,
  })
  expect(taken.exitCode).toBe(2)
  expect(taken.all).toContain(`cannot listen on 127.0.0.1, port ${port}`)

  server.end()
  expect(await server.exit).toBe(0)
})
