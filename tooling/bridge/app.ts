import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { Metrics } from './metrics.ts'
import { isNewComment, isSigned } from './webhook.ts'

/** What the bridge's pages show and do. */
export interface AppParts {
  /** Without one, there is no webhook. */
  webhookSecret: string | undefined
  /** The bridge's own account. */
  bot: string
  wake: () => void
  metrics: Metrics
  health: () => { ok: boolean } & Record<string, unknown>
}

const LONGEST_DELIVERY = 1024 * 1024

/** What the bridge answers to; everything else is the dashboard's. */
export const BRIDGE_PATHS: readonly string[] = ['/webhook', '/healthz', '/metrics']

/** The pages of {@link BRIDGE_PATHS}. */
export function createBridgeApp({ webhookSecret, bot, wake, metrics, health }: AppParts): Hono {
  const app = new Hono()
  app.get('/healthz', (context) => {
    const state = health()
    return context.json(state, state.ok ? 200 : 503, { 'cache-control': 'no-store' })
  })
  app.get('/metrics', async (context) =>
    context.body(await metrics.text(), 200, { 'content-type': metrics.contentType, 'cache-control': 'no-store' }),
  )
  app.post('/webhook', bodyLimit({ maxSize: LONGEST_DELIVERY }), async (context) => {
    if (webhookSecret === undefined) return context.text('there is no webhook here', 404)
    const body = new Uint8Array(await context.req.arrayBuffer())
    if (!isSigned(body, context.req.header('x-gitea-signature'), webhookSecret)) {
      metrics.webhooks.inc({ result: 'forged' })
      return context.text('the signature is wrong', 401)
    }
    const wanted = isNewComment(context.req.header('x-gitea-event'), body, bot)
    metrics.webhooks.inc({ result: wanted ? 'taken' : 'passed over' })
    if (wanted) wake()
    return context.body(null, wanted ? 202 : 204)
  })
  return app
}
