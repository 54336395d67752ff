import type { IncomingMessage, RequestListener } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { AppHttp, HttpError } from './http.ts'
import { type TestServer, testServer } from './test-server.ts'

const DOMAIN = 'app.ci.test'

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

const answer: RequestListener = async (request, response) => {
  switch (request.url) {
    case '/moved':
      return void response.writeHead(302, { location: '/elsewhere' }).end()
    case '/silent':
      return
    case '/endless':
      return void response.writeHead(200).write('the beginning')
    case '/broken':
      return void response.writeHead(500).end('no')
    case '/twice':
      return void response.writeHead(200, { 'set-cookie': ['a=1', 'b=2'] }).end()
    default: {
      const { host, 'content-type': type } = request.headers
      const sni = (request.socket as TLSSocket & { servername?: string }).servername
      response.end(JSON.stringify({ method: request.method, host, sni, type, body: await bodyOf(request) }))
    }
  }
}

let server: TestServer
let http: AppHttp
beforeEach(async () => {
  server = await testServer(DOMAIN, answer)
  http = new AppHttp({ origin: `https://${DOMAIN}`, proxyAddress: server.address, caFile: server.caFile })
})
afterEach(async () => {
  await http.close()
  await server[Symbol.asyncDispose]()
})

const errorOf = async (work: Promise<unknown>): Promise<HttpError> => {
  const error = await work.catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(HttpError)
  return error as HttpError
}

test('goes to the proxy, and every name in it stays that of the app', async () => {
  const { url, status, json } = await http.get('/page?x=1')
  expect({ url, status }).toEqual({ url: `https://${DOMAIN}/page?x=1`, status: 200 })
  expect(json()).toMatchObject({ method: 'GET', host: DOMAIN, sni: DOMAIN })
})

test('sends text and bytes as they are, anything else as JSON', async () => {
  const seen = async (body: string | Buffer | object) => (await http.post('/', body)).json()
  expect(await seen('text')).toMatchObject({ method: 'POST', body: 'text' })
  expect(await seen(Buffer.from('bytes'))).toMatchObject({ body: 'bytes' })
  expect(await seen({ a: [1] })).toMatchObject({ body: '{"a":[1]}', type: 'application/json' })
})

test('hands redirects back', async () => {
  const { status, headers } = await http.get('/moved')
  expect({ status, location: headers.location }).toEqual({ status: 302, location: '/elsewhere' })
})

test('a status of 400 or more is an answer, and headers given twice are joined', async () => {
  const broken = await http.get('/broken')
  expect([broken.status, broken.text()]).toEqual([500, 'no'])
  expect((await http.get('/twice')).headers['set-cookie']).toBe('a=1, b=2')
})

describe('gives up', () => {
  test.each(['/silent', '/endless'])('on %s after its time', async (path) => {
    const error = await errorOf(http.get(path, { timeoutMs: 100 }))
    expect(error).toMatchObject({ code: 'ETIMEDOUT', certificate: false })
    expect(error.message).toContain(`https://${DOMAIN}${path} gave no answer (ETIMEDOUT)`)
  })

  test('when its caller does, with the reason of the caller', async () => {
    const abort = new AbortController()
    const asking = http.get('/silent', { signal: abort.signal })
    abort.abort(new Error('enough'))
    await expect(asking).rejects.toThrow('enough')
  })

  test('where nobody listens', async () => {
    await server[Symbol.asyncDispose]()
    expect(await errorOf(http.get('/'))).toMatchObject({ code: 'ECONNREFUSED', certificate: false })
    server = await testServer(DOMAIN, answer)
  })
})

describe('checks the certificate', () => {
  const ask = async (options: { origin?: string; caFile?: string }) => {
    await using other = new AppHttp({ origin: `https://${DOMAIN}`, proxyAddress: server.address, ...options })
    return await errorOf(other.get('/'))
  }

  test('and refuses one of an unknown authority', async () => {
    const error = await ask({})
    expect(error).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT', certificate: true })
    expect(error.message).toContain('shows a certificate that is not good for it')
  })

  test('and refuses one for another domain', async () => {
    const error = await ask({ origin: 'https://other.ci.test', caFile: server.caFile })
    expect(error).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID', certificate: true })
  })
})
