import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { guardThisProcess, loadSettings } from '@cc-ci/harness'
import { serve } from '@hono/node-server'
import { BRIDGE_PATHS } from '../bridge/app.ts'
import { startBridge } from '../bridge/bridge.ts'
import { readServeConfig } from '../bridge/config.ts'
import { openLog } from '../bridge/log.ts'
import { createDashboard } from '../dashboard/app.ts'
import { withLock } from '../dev-host/lock.ts'

/** The options of `cc-ci serve` as they were typed. */
export interface ServeFlags {
  config?: string
}

/** How long open connections may go on when the server is told to end (ms). */
const LAST_ANSWERS_MS = 2_000

/**
 * `cc-ci serve`: the bridge, the local queue and the dashboard in one process, until it is told to end. What runs goes on.
 *
 * @throws {ServeConfigError | SettingsError | LaterDatabaseError} before anything is begun.
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
  const waiting = () => log.warn('another process serves this state directory; waiting for its end')
  await withLock(`cc-ci serve ${settings.stateDir}`, waiting, async () => {
    if (ended.signal.aborted) return
    const bridge = startBridge({ config, settings, log })
    const { stateDir, chromium } = settings
    const dashboard = createDashboard({ stateDir, publicUrl: config.publicUrl, chromium })
    const server = serve({
      fetch: (request, bindings) => {
        const app = BRIDGE_PATHS.includes(new URL(request.url).pathname) ? bridge.app : dashboard
        return app.fetch(request, bindings)
      },
      hostname: config.listen.host,
      port: config.listen.port,
    })
    try {
      await once(server, 'listening')
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
