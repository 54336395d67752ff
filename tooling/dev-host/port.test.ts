import { createServer, type Server } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { checkPortFree, holderOf, PortTakenError, ProxyAddressError, proxyListen } from './port.ts'

let server: Server | undefined

afterEach(async () => {
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)))
  server = undefined
})

async function listen(): Promise<number> {
  server = createServer()
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  return (server.address() as { port: number }).port
}

describe("the proxy's port", () => {
  test('that is taken is refused, with its number, its holder and another to choose', async () => {
    const port = await listen()
    const error = await checkPortFree('127.0.0.1', port).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(PortTakenError)
    expect(String(error)).toContain(`Port ${port} of 127.0.0.1`)
    expect(String(error)).toContain(`(process ${process.pid})`)
    expect(String(error)).toContain(`CCCI_PROXY_ADDRESS=127.0.0.1:${port + 1}`)
  })

  test('that is free has no holder and is accepted', async () => {
    const port = await listen()
    await new Promise((resolve) => server?.close(resolve))
    server = undefined
    expect(holderOf(port)).toBeUndefined()
    await checkPortFree('127.0.0.1', port)
  })
})

describe("the proxy's address", () => {
  test('is 127.0.0.1:8443 when nothing is said', () => {
    expect(proxyListen()).toEqual({ host: '127.0.0.1', port: 8443 })
  })

  test('may be any loopback address', () => {
    expect(proxyListen('localhost:9000')).toEqual({ host: '127.0.0.1', port: 9000 })
    expect(proxyListen('127.0.0.2:443')).toEqual({ host: '127.0.0.2', port: 443 })
  })

  test.each(['0.0.0.0:8443', '192.0.2.7:443', 'ci.example.org:443', '127.0.0.1:0', '127.0.0.1:70000'])(
    'cannot be %s',
    (address) => {
      expect(() => proxyListen(address)).toThrow(ProxyAddressError)
    },
  )
})
