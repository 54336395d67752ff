import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { OwnEngine } from '../docker/test-engine.ts'
import { digest, makeTestImage } from './test-image.ts'

const MEDIA = 'application/vnd.docker'

/** What is asked for by its name or its digest is answered from two maps, whatever the repository. */
const SERVER = `
  const { manifest, blobs } = JSON.parse(require('node:fs').readFileSync(process.argv[1], 'utf8'))
  require('node:http').createServer(({ url, method }, answer) => {
    const [, kind, name] = /^\\/v2\\/.+\\/(manifests|blobs)\\/(.+)$/.exec(url) ?? []
    const found = kind === 'manifests' ? manifest : blobs[name]
    if (!found && url !== '/v2/') return answer.writeHead(404).end()
    const { type = 'text/plain', digest = '', body = '' } = found ?? {}
    const bytes = Buffer.from(body, 'base64')
    answer.writeHead(200, { 'content-type': type, 'docker-content-digest': digest, 'content-length': bytes.length })
    answer.end(method === 'HEAD' ? undefined : bytes)
  }).listen(5000, '127.0.0.1', () => console.log('up'))`

/** A registry with one image, at 127.0.0.1:5000 of an engine's own network; every name in it is that image's. */
export async function openTestRegistry(engine: OwnEngine, folder: string, created: string) {
  const { config, layer } = await makeTestImage(folder, created)
  const part = (type: string, body: string | Buffer) => {
    return { type: `${MEDIA}.${type}`, digest: digest(body), body: Buffer.from(body).toString('base64') }
  }
  const link = ({ type: mediaType, digest: of, body }: ReturnType<typeof part>) => {
    return { mediaType, digest: of, size: Buffer.from(body, 'base64').length }
  }
  const parts = [part('container.image.v1+json', config), part('image.rootfs.diff.tar.gzip', gzipSync(layer))] as const
  const type = 'distribution.manifest.v2+json'
  const content = { schemaVersion: 2, mediaType: `${MEDIA}.${type}`, config: link(parts[0]), layers: [link(parts[1])] }
  const blobs = Object.fromEntries(parts.map((one) => [one.digest, one]))
  const file = join(folder, 'registry.json')
  writeFileSync(file, JSON.stringify({ manifest: part(type, JSON.stringify(content)), blobs }))
  const server = spawn('nsenter', [`--net=/proc/${engine.pid}/ns/net`, process.execPath, '--eval', SERVER, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(server.stdout, 'data')
  return {
    id: digest(config),
    async close() {
      server.kill()
      await once(server, 'exit')
    },
  }
}
