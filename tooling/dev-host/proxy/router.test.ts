import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dockerClient } from '@cc-ci/harness'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { RouteTeller } from './router.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cc-ci-router-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('without an engine to ask, every host is unknown, in Traefik’s words', async () => {
  const logged: string[] = []
  const socket = join(folder, 'router.sock')
  const teller = new RouteTeller(dockerClient(`unix://${folder}/no-engine.sock`), 'proxy', (text) => logged.push(text))
  await teller.start(socket)
  try {
    const answer = await ask(socket, { 'x-forwarded-host': 'a.x', 'x-forwarded-uri': '/', cookie: 'x'.repeat(100_000) })
    expect(answer).toEqual({ status: 404, type: 'text/plain; charset=utf-8', body: '404 page not found\n' })
    await expect.poll(() => logged).toEqual([expect.stringContaining('no events: ')])
  } finally {
    teller.stop()
  }
})

function ask(socketPath: string, headers: Record<string, string>): Promise<object> {
  return new Promise((resolve, reject) => {
    request({ socketPath, headers, agent: false }, (answer) => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (text) => {
        body += text
      })
      answer.on('end', () => resolve({ status: answer.statusCode, type: answer.headers['content-type'], body }))
    })
      .on('error', reject)
      .end()
  })
}
