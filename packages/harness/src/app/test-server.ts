import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generate } from 'selfsigned'

export interface TestServer extends AsyncDisposable {
  /** `host:port` */
  readonly address: string
  /** The only authority that vouches for it, as a PEM file. */
  readonly caFile: string
}

/** An HTTPS server on the loopback that stands in for a reverse proxy, with a certificate of its own for one domain. */
export async function testServer(domain: string, answer: RequestListener): Promise<TestServer> {
  const made = await generate([{ name: 'commonName', value: domain }], {
    keyType: 'ec',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: domain }] }],
  })
  const folder = mkdtempSync(join(tmpdir(), 'ccci-tls-'))
  const caFile = join(folder, 'ca.pem')
  writeFileSync(caFile, made.cert)
  const server = createServer({ key: made.private, cert: made.cert }, answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    caFile,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      rmSync(folder, { recursive: true })
    },
  }
}
