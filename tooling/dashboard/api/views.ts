import type { RecipeView } from '../index/recipes.ts'
import type { RunSummary } from '../index/summary.ts'
import { href } from '../parts/html.ts'
import type { ApiRecipe, ApiRun } from './schema.ts'

/** A run as the API tells it. `base` is the dashboard's public address, or empty. */
export function apiRun(run: RunSummary, base: string): ApiRun {
  const { state, blame: _, pid: __, verdict: ___, ...told } = run
  const page = `${base}${href('runs', run.id)}`
  return {
    ...told,
    links: {
      page,
      record: `${page}/run.json`,
      junit: `${page}/junit.xml`,
      log: `${page}/log`,
      ...(state === 'running' ? {} : { card: `${page}/card.png` }),
    },
  }
}

/** A recipe as the API tells it. */
export function apiRecipe({ recipe, standing, running, last, count }: RecipeView, base: string): ApiRecipe {
  const badge = `${base}${href('badge', recipe)}`
  return {
    recipe,
    status: standing?.status ?? 'unknown',
    level: standing?.level,
    standing: standing && apiRun(standing, base),
    running: running.map((run) => apiRun(run, base)),
    last: last.map((run) => apiRun(run, base)),
    count,
    links: { page: `${base}${href('recipes', recipe)}`, badge: `${badge}.svg`, levelBadge: `${badge}/level.svg` },
  }
}
