import type { MiddlewareHandler } from 'hono'

/** Only files of the dashboard's own, and nothing written into a page: what an app has printed can do nothing here. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** What every answer carries; a stricter policy of an answer's own stays. */
export const secured: MiddlewareHandler = async (context, next) => {
  await next()
  const { headers } = context.res
  if (!headers.has('content-security-policy')) headers.set('content-security-policy', POLICY)
  headers.set('x-content-type-options', 'nosniff')
  headers.set('referrer-policy', 'no-referrer')
  headers.set('x-frame-options', 'DENY')
  headers.set('cross-origin-opener-policy', 'same-origin')
  headers.set(
    'cross-origin-resource-policy',
    context.req.path.startsWith('/badge/') || context.req.path.endsWith('/card.png') ? 'cross-origin' : 'same-origin',
  )
  headers.set('permissions-policy', 'camera=(), geolocation=(), microphone=()')
  if (!headers.has('cache-control')) headers.set('cache-control', 'no-cache')
}
