import type { AddressInfo } from 'node:net'
import { type ServerType, serve } from '@hono/node-server'
import type { Hono } from 'hono'

/** A dashboard that listens. */
export interface DashboardServer {
  /** Where it is, by the address it listens on. */
  url: string
  /** Ends it and every connection. */
  close(): Promise<void>
}

/**
 * Starts to listen.
 *
 * @param port 0 for any that is free.
 * @throws what the system says when it cannot, such as EADDRINUSE.
 */
export async function listen(app: Hono, port: number, host: string): Promise<DashboardServer> {
  const server = await new Promise<ServerType>((resolve, reject) => {
    const made = serve({ fetch: app.fetch, port, hostname: host }, () => resolve(made))
    made.on('error', reject)
  })
  const { port: listening, family, address } = server.address() as AddressInfo
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${listening}`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()))
        if ('closeAllConnections' in server) server.closeAllConnections()
      }),
  }
}
