import { createHash } from 'node:crypto'
import { type Context, Hono } from 'hono'
import { levelBadge, statusBadge } from './badge.ts'
import { recipeView } from './index/recipes.ts'
import type { Sources } from './sources.ts'

/** Forges fetch pictures through a cache of their own, which keeps them for hours unless it is told to ask each time. */
function svg(context: Context, picture: string): Response {
  const tag = `"${createHash('sha256').update(picture).digest('base64url').slice(0, 22)}"`
  const headers = { 'cache-control': 'no-cache, max-age=0, s-maxage=0, must-revalidate', etag: tag }
  if (context.req.header('if-none-match')?.includes(tag)) return context.body(null, 304, headers)
  return context.body(picture, 200, {
    ...headers,
    'content-type': 'image/svg+xml; charset=utf-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
  })
}

/** The badges, to be put under `/badge`. */
export function badgeRoutes({ index }: Sources): Hono {
  const badges = new Hono()
  badges.get('/:recipe/level.svg', (context) =>
    svg(context, levelBadge(recipeView(index, context.req.param('recipe')))),
  )
  badges.get('/:file{[^/]+\\.svg}', (context) => {
    const recipe = context.req.param('file').slice(0, -'.svg'.length)
    return svg(context, statusBadge(recipeView(index, recipe)))
  })
  return badges
}
