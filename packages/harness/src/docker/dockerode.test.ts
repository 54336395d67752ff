import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { loadDockerode } from './dockerode.ts'

test('a client of Docker brings nothing along for engines over SSH or for BuildKit, and whoever asks gets the true ones', () => {
  const Client = loadDockerode()
  expect(new Client({ socketPath: '/nowhere' }).listContainers).toBeTypeOf('function')
  const require = createRequire(import.meta.url)
  const loaded = () => Object.keys(require.cache).filter((id) => /node_modules\/(ssh2|@grpc)\//.test(id))
  expect(loaded()).toEqual([])
  const inModem = createRequire(createRequire(require.resolve('dockerode')).resolve('docker-modem'))
  expect(inModem('ssh2').Client).toBeTypeOf('function')
  expect(loaded()).not.toEqual([])
})
