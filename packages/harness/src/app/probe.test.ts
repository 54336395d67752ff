import { afterEach, beforeEach, expect, test } from 'vitest'
import { AppHttp } from './http.ts'
import { type Probe, probe, probeHistory } from './probe.ts'
import { type TestServer, testServer } from './test-server.ts'

const DOMAIN = 'app.ci.test'

let server: TestServer
let http: AppHttp
beforeEach(async () => {
  server = await testServer(DOMAIN, (request, response) => {
    const [, status, text] = /^.(\d+).(.*)$/s.exec(decodeURIComponent(request.url ?? '')) ?? []
    response.writeHead(Number(status)).end(text)
  })
  http = new AppHttp({ origin: `https://${DOMAIN}`, proxyAddress: server.address, caFile: server.caFile })
})
afterEach(async () => {
  await http.close()
  await server[Symbol.asyncDispose]()
})

const path = (status: number, text: string) => `/${status}/${encodeURIComponent(text)}`

test.each([
  ['ready', path(200, 'hello'), [200]],
  ['ready', path(401, ''), [200, 401]],
  ['wrong-status', path(500, 'oops'), [200]],
  ['gateway', path(502, ''), [200]],
  ['gateway', path(503, ''), [200]],
  ["the app's own 404 is ready when it is accepted", path(404, 'no such page'), [404]],
] as const)('%s: %s where %o are accepted', async (kind, where, statuses) => {
  expect((await probe(http, where, statuses)).kind).toBe(kind.startsWith('the app') ? 'ready' : kind)
})

test("the proxy's own 404 is never ready, even where 404 is accepted", async () => {
  const look = await probe(http, path(404, '404 page not found\n'), [200, 404])
  expect(look).toMatchObject({ kind: 'no-route', text: expect.stringContaining('its own 404') })
})

test("the proxy's default certificate is never ready, whatever it answers", async () => {
  await using other = new AppHttp({
    origin: 'https://other.ci.test',
    proxyAddress: server.address,
    caFile: server.caFile,
  })
  expect((await probe(other, path(200, ''), [200])).kind).toBe('certificate')
})

test('no proxy at all is told apart from a wrong answer', async () => {
  await using nobody = new AppHttp({ origin: `https://${DOMAIN}`, proxyAddress: '127.0.0.1:1' })
  expect((await probe(nobody, '/', [200])).kind).toBe('no-answer')
})

test('an answer is told with its first words, without markup', async () => {
  const { text } = await probe(http, path(500, '<h1>Internal</h1>\n <p>error'), [200])
  expect(text).toMatch(/^500 from https:\/\/app\.ci\.test\/\S+ \("Internal error"\)$/)
})

test('a history folds what was seen again and again', () => {
  const seen = (at: number, text: string): Probe => ({ at, kind: 'gateway', text })
  const history = probeHistory([seen(0, 'a'), seen(10, 'a'), seen(20, 'b'), seen(30, 'a')])
  expect(history.split('\n')).toEqual([
    '1970-01-01T00:00:00.000Z  2×  a',
    '1970-01-01T00:00:00.020Z  1×  b',
    '1970-01-01T00:00:00.030Z  1×  a',
  ])
})
