import { once } from 'node:events'
import { loadSettings, messageOf, UsageError } from '@cc-ci/harness'
import { Hono } from 'hono'
import { createDashboard } from '../dashboard/app.ts'
import { isLoopback, onlyHere } from '../dashboard/guard.ts'
import { type DashboardServer, listen } from '../dashboard/server.ts'
import { EXIT } from './exit-codes.ts'

/** The options of `cc-ci dashboard` as they were typed. */
export interface DashboardFlags {
  port: number
  host: string
  publicUrl?: string
}

/** The dashboard cannot listen where it was told to. */
class DashboardAddressError extends UsageError {}

async function start(app: Hono, { port, host }: DashboardFlags): Promise<DashboardServer> {
  try {
    return await listen(app, port, host)
  } catch (error) {
    throw new DashboardAddressError({
      happened: `The dashboard cannot listen on ${host}, port ${port}.`,
      lastSeen: messageOf(error),
      todo: 'Give another address or port: cc-ci dashboard --host … --port … (0 takes any that is free)',
      cause: error,
    })
  }
}

/**
 * `cc-ci dashboard`: shows the runs of this host to a browser until it is told to end.
 *
 * @returns the exit code.
 * @throws {DashboardAddressError}
 */
export async function dashboardCommand(flags: DashboardFlags, root: string): Promise<number> {
  const { stateDir, chromium } = await loadSettings({ cwd: root })
  const { host, publicUrl } = flags
  const app = new Hono()
  if (isLoopback(host)) app.use(onlyHere(publicUrl))
  app.route('/', createDashboard({ stateDir, publicUrl, chromium }))
  const server = await start(app, flags)
  const ended = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  console.log(`The runs of ${stateDir} are shown at ${server.url}/ (Ctrl-C ends it)`)
  await ended
  await server.close()
  return EXIT.green
}
