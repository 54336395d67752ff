import { CcciError } from '@cc-ci/harness'
import { Hono } from 'hono'
import { apiRoutes } from './api/routes.ts'
import { ASSETS } from './assets.ts'
import { badgeRoutes } from './badge-routes.ts'
import { Cards } from './card/cards.ts'
import { secured } from './headers.ts'
import { RunIndex } from './index/run-index.ts'
import { LogTails } from './log/tail.ts'
import { pageRoutes } from './page-routes.ts'
import { plainPage } from './pages/plain.ts'
import { runRoutes } from './run-routes.ts'
import type { Sources } from './sources.ts'
import { hostLook } from './state/host.ts'

/** What a dashboard shows, and where. */
export interface DashboardOptions {
  /** The state directory whose runs it shows; nothing in it is changed but that pictures of results are kept there. */
  stateDir: string
  /** Its public address, such as `https://ci.example.org`: for badges and previews, which need absolute ones. */
  publicUrl?: string | undefined
  /** The browser that takes the pictures of results. Default: Debian's. */
  chromium?: string | undefined
  /** Milliseconds since 1970. */
  clock?: (() => number) | undefined
}

const FOR_GOOD = 'public, max-age=31536000, immutable'

/**
 * The dashboard as a Hono app: pages, badges, the JSON API, logs and evidence, and `/healthz`. It only reads, asks nobody who
 * they are, and needs no closing.
 */
export function createDashboard(options: DashboardOptions): Hono {
  const { stateDir, publicUrl, chromium = '/usr/bin/chromium-headless-shell', clock = Date.now } = options
  const index = new RunIndex(stateDir)
  const sources: Sources = {
    stateDir,
    index,
    tails: new LogTails(),
    host: hostLook(stateDir),
    base: publicUrl?.replace(/\/+$/, '') ?? '',
    clock,
  }
  const app = new Hono()
  app.use(secured)
  app.get('/assets/:name', (context) => {
    const asset = ASSETS.get(context.req.param('name'))
    if (!asset) return context.notFound()
    const kept = context.req.query(asset.hash) !== undefined
    return context.body(asset.content, 200, {
      'content-type': asset.type,
      'cache-control': kept ? FOR_GOOD : 'no-cache',
    })
  })
  app.get('/healthz', (context) => context.json({ ok: true }))
  app.get('/favicon.ico', (context) => context.redirect('/assets/icon.svg', 308))
  app.use(async (_, next) => {
    await index.refresh()
    await next()
  })
  app.route('/api/v1', apiRoutes(sources))
  app.route('/badge', badgeRoutes(sources))
  app.route('/runs', runRoutes(sources, new Cards(stateDir, chromium)))
  app.route('/', pageRoutes(sources))
  app.notFound((context) => context.html(plainPage('Not here', 'There is nothing at this address.'), 404))
  app.onError((error, context) => {
    // What went wrong may name paths and more: the reader is told no more than that, the log all of it.
    console.error(error instanceof CcciError ? error.message : error)
    return context.html(plainPage('Something went wrong', 'The log of the dashboard says what.'), 500)
  })
  return app
}
