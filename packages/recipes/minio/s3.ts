import { createHash, createHmac } from 'node:crypto'
import type { App, HttpAnswer } from '@cc-ci/fixtures'

const REGION = 'us-east-1'

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex')
const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest()

/** Somebody whom an S3 server knows. */
export interface Keys {
  id: string
  secret: string
}

/**
 * A request to an app with the API of S3 (or MinIO's own for its administrators), signed as Amazon's "Signature Version 4" says.
 *
 * @param path of a bucket or an object; without characters that are written differently in an address
 */
export async function s3(
  app: App,
  keys: Keys,
  method: 'GET' | 'PUT' | 'POST' | 'DELETE',
  path: string,
  body: Buffer | string = '',
): Promise<HttpAnswer> {
  const url = new URL(path, app.url)
  const time = new Date().toISOString().replace(/[:-]|\.\d{3}/g, '')
  const scope = `${time.slice(0, 8)}/${REGION}/s3/aws4_request`
  const signed = { host: url.host, 'x-amz-content-sha256': sha256(body), 'x-amz-date': time }
  const names = Object.keys(signed).join(';')
  const headers = Object.entries(signed).map(([name, value]) => `${name}:${value}\n`)
  const canonical = [method, url.pathname, url.search.slice(1), headers.join(''), names, sha256(body)].join('\n')
  const dayKey = hmac(`AWS4${keys.secret}`, time.slice(0, 8))
  const key = ['s3', 'aws4_request'].reduce(hmac, hmac(dayKey, REGION))
  const signature = hmac(key, ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')).toString('hex')
  const authorization = `AWS4-HMAC-SHA256 Credential=${keys.id}/${scope}, SignedHeaders=${names}, Signature=${signature}`
  return await app.http.request(path, {
    method,
    headers: { ...signed, authorization },
    ...(body.length > 0 ? { body } : {}),
  })
}
