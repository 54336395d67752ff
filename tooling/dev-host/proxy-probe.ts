import { request } from 'node:https'
import { messageOf } from '@cc-ci/harness'

interface Probe {
  host: string
  port: number
  /** Whose page is asked for: the name in TLS and HTTP, whatever the address. */
  domain: string
  /** The authority that must have signed the certificate, PEM. */
  ca: string
}

/** Asks the proxy once for `/` of a domain. Returns its answer, or why there was none, in words. */
export function fetchThroughProxy({
  host,
  port,
  domain,
  ca,
}: Probe): Promise<{ status: number; body: string } | string> {
  return new Promise((resolve) => {
    const asked = request(
      { host, port, ca, servername: domain, headers: { host: domain }, path: '/', agent: false, timeout: 2_000 },
      (answer) => {
        let body = ''
        answer.setEncoding('utf8')
        answer.on('data', (text) => {
          body += text
        })
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }))
        answer.on('error', (error) => resolve(messageOf(error)))
      },
    )
    asked.on('timeout', () => asked.destroy(new Error('no answer within 2 s')))
    asked.on('error', (error) => resolve(messageOf(error)))
    asked.end()
  })
}
