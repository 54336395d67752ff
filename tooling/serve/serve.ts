import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { guardThisProcess, loadSettings, messageOf, type Settings, UsageError } from '@cc-ci/harness'
import { type ServerType, serve } from '@hono/node-server'
import { Hono } from 'hono'
import { BRIDGE_PATHS } from '../bridge/app.ts'
import { startBridge } from '../bridge/bridge.ts'
import { readServeConfig, type ServeConfig } from '../bridge/config.ts'
import { openLog } from '../bridge/log.ts'
import { createDashboard } from '../dashboard/app.ts'
import { isLoopback, onlyHere } from '../dashboard/guard.ts'
import { withLock } from '../dev-host/lock.ts'

/** The options of `cc-ci serve` as they were typed. */
export interface ServeFlags {
  config?: string
}

/** How long open connections may go on when the server is told to end (ms). */
const LAST_ANSWERS_MS = 2_000

/** The address to listen at cannot be had. */
class ServeAddressError extends UsageError {}

function dashboardOf({ listen, publicUrl }: ServeConfig, { stateDir, chromium }: Settings): Hono {
  const app = new Hono()
  if (isLoopback(listen.host)) app.use(onlyHere(publicUrl))
  return app.route('/', createDashboard({ stateDir, publicUrl, chromium }))
}

async function listening(server: ServerType, { host, port }: ServeConfig['listen']): Promise<void> {
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new ServeAddressError({
      happened: `cc-ci serve cannot listen on ${host}, port ${port}.`,
      lastSeen: messageOf(error),
      todo: 'Set listen.host and listen.port in its configuration.',
      cause: error,
    })
  }
}

/**
 * `cc-ci serve`: the bridge, the local queue and the dashboard in one process, until it is told to end. What runs goes on.
 *
 * @throws {ServeConfigError | SettingsError | LaterDatabaseError | ServeAddressError}
 */
export async function serveCommand(flags: ServeFlags, root: string): Promise<void> {
  guardThisProcess()
  const settings = await loadSettings({ cwd: root })
  const config = readServeConfig(flags.config ?? join(settings.stateDir, 'serve.json'))
  const log = openLog()
  const ended = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      log.info('ending', { signal })
      ended.abort()
    })
  }
  let mine = false
  const waiting = () => {
    log.warn('another process serves this state directory; waiting for its end')
    ended.signal.addEventListener('abort', () => !mine && process.exit())
  }
  await withLock(`cc-ci serve ${settings.stateDir}`, waiting, async () => {
    mine = true
    const bridge = startBridge({ config, settings, log })
    const dashboard = dashboardOf(config, settings)
    const server = serve({
      fetch: (request, bindings) => {
        const app = BRIDGE_PATHS.includes(new URL(request.url).pathname) ? bridge.app : dashboard
        return app.fetch(request, bindings)
      },
      hostname: config.listen.host,
      port: config.listen.port,
    })
    try {
      await listening(server, config.listen)
      const { address, port } = server.address() as AddressInfo
      log.info('serving', { address, port, executor: config.executor.kind, gitea: config.gitea.url })
      if (!ended.signal.aborted) await once(ended.signal, 'abort')
    } finally {
      const closed = new Promise((resolve) => server.close(resolve))
      const timer = setTimeout(() => 'closeAllConnections' in server && server.closeAllConnections(), LAST_ANSWERS_MS)
      await closed
      clearTimeout(timer)
      await bridge.close()
    }
  })
  // Somebody may still be waiting for an answer that nobody needs any more.
  setTimeout(() => process.exit(), LAST_ANSWERS_MS).unref()
}
