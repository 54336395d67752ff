import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Gitea } from './client.ts'
import { GiteaAwayError, GiteaRefusedError } from './errors.ts'

// What a real Gitea does not do on demand: errors, redirects, pages that change while they are read. That the client and a
// real one understand each other is shown by bridge.apps.test.ts.

let server: Server
let gitea: Gitea
let answer: (url: URL, response: ServerResponse, body: string) => void
const asked: string[] = []
beforeEach(async () => {
  asked.length = 0
  server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      asked.push(`${request.method} ${request.url}`)
      answer(new URL(request.url ?? '', 'http://x'), response, body)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  gitea = new Gitea(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 't'.repeat(40))
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

const json = (response: ServerResponse, value: unknown, headers: Record<string, string> = {}) =>
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value))
const plain = (status: number, headers: Record<string, string> = {}) => {
  answer = (_, response) => response.writeHead(status, headers).end('{"message":"no"}')
}

test.each([
  [204, true],
  [404, false],
])('a member by %i', async (status, member) => {
  plain(status)
  expect(await gitea.isMember('recipes', 'some one')).toBe(member)
  expect(asked).toEqual(['GET /api/v1/orgs/recipes/members/some%20one'])
})

test('a redirect is no answer about members, and is not followed', async () => {
  answer = (url, response) =>
    url.pathname.includes('public_members')
      ? response.writeHead(204).end()
      : response.writeHead(303, { location: '/api/v1/orgs/recipes/public_members/x' }).end()
  await expect(gitea.isMember('recipes', 'x')).rejects.toThrow(/a member of recipes/)
  expect(asked).toHaveLength(1)
})

test.each([200, 201, 302, 401, 403])('nor is %i', async (status) => {
  plain(status, { location: '/' })
  await expect(gitea.isMember('recipes', 'x')).rejects.toThrow(GiteaRefusedError)
})

test.each([500, 502, 503, 429])('%i passes', async (status) => {
  plain(status)
  await expect(gitea.isMember('recipes', 'x')).rejects.toThrow(GiteaAwayError)
})

test('a Gitea that is not there passes, too', async () => {
  server.close()
  server.closeAllConnections()
  await expect(gitea.comments({ repo: 'a/b', pr: 1 }, 0)).rejects.toThrow(/ECONNREFUSED/)
})

test('a page in place of an answer is none', async () => {
  answer = (_, response) => response.writeHead(200).end('<html>maintenance</html>')
  await expect(gitea.comments({ repo: 'a/b', pr: 1 }, 0)).rejects.toThrow(GiteaAwayError)
})

test('a comment that is gone is told apart from a refusal', async () => {
  plain(404)
  expect(await gitea.edit('a/b', 1, 'x')).toBe(false)
  plain(403)
  await expect(gitea.edit('a/b', 1, 'x')).rejects.toThrow(/scopes/)
})

const pr = (number: number, owner = 'recipes') => ({
  number,
  updated_at: '2026-01-01T00:00:00Z',
  repository: { full_name: `${owner}/custom-html`, owner, name: 'custom-html' },
})

test("what was touched is one call, and one more for every fifty; others' pull requests are left out", async () => {
  answer = (url, response) => {
    const page = Number(url.searchParams.get('page'))
    const count = page === 1 ? 50 : 3
    const list = Array.from({ length: count }, (_, index) => pr(page * 100 + index))
    json(response, [...list.slice(1), pr(999, page === 1 ? 'Recipes' : 'others')], {
      'x-total-count': '53',
      date: 'Fri, 30 Jan 2026 10:15:02 GMT',
    })
  }
  const touched = await gitea.touched('recipes', Date.UTC(2026, 0, 30, 10, 15, 1, 900))
  expect(touched.prs).toHaveLength(52)
  expect(touched).toMatchObject({ at: Date.UTC(2026, 0, 30, 10, 15, 2), whole: true })
  expect(asked).toHaveLength(2)
  const query = new URL(asked[0]?.split(' ')[1] ?? '', 'http://x').searchParams
  expect(Object.fromEntries(query)).toMatchObject({ owner: 'recipes', type: 'pulls', state: 'open', limit: '50' })
  expect(query.get('since')).toBe('2026-01-30T10:15:01.000Z')
})

test('a list that changes while its pages are read is not whole', async () => {
  answer = (url, response) => {
    const first = url.searchParams.get('page') === '1'
    const list = Array.from({ length: first ? 50 : 1 }, (_, index) => pr(index + 1))
    json(response, list, { 'x-total-count': first ? '51' : '52' })
  }
  expect((await gitea.touched('recipes', 0)).whole).toBe(false)
})

test('a state that there is not is never sent', async () => {
  const status = { state: 'great' as never, context: 'cc-ci', description: '', target_url: 'http://x' }
  await expect(gitea.setStatus('a/b', 'a'.repeat(40), status)).rejects.toThrow(/state|option|invalid/i)
  expect(asked).toEqual([])
})
