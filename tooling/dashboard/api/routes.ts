import { type Context, Hono } from 'hono'
import { estimateOf, recipeView, recipeViews } from '../index/recipes.ts'
import { STATUSES } from '../index/summary.ts'
import type { Sources } from '../sources.ts'
import { currentStep } from '../state/current-step.ts'
import { type ApiAnswer, type ApiPath, apiSchema } from './schema.ts'
import { apiRecipe, apiRun } from './views.ts'

const LIMIT = 50
const MOST = 500

/** Answers what the schema says of a path. */
const answer = <Path extends ApiPath>(context: Context, _path: Path, content: ApiAnswer<Path>) =>
  context.json(content as object)

const refuse = (context: Context, status: 400 | 404, error: string) => context.json({ error }, status)

/** The JSON API, to be put under `/api/v1`. */
export function apiRoutes({ stateDir, index, host, base }: Sources): Hono {
  const api = new Hono()

  api.get('/', (context) =>
    answer(context, '/api/v1', {
      version: 1,
      links: Object.fromEntries(
        ['recipes', 'runs', 'host', 'schema.json'].map((name) => [name, `${base}/api/v1/${name}`]),
      ),
    }),
  )
  api.get('/schema.json', (context) => context.json(apiSchema() as object))
  api.get('/recipes', (context) =>
    answer(context, '/api/v1/recipes', { recipes: recipeViews(index).map((view) => apiRecipe(view, base)) }),
  )
  api.get('/recipes/:recipe', (context) => {
    const view = recipeView(index, context.req.param('recipe'))
    return view
      ? answer(context, '/api/v1/recipes/{recipe}', apiRecipe(view, base))
      : refuse(context, 404, 'No run of this recipe is recorded here.')
  })
  api.get('/runs', (context) => {
    const { recipe, status, before, limit = String(LIMIT) } = context.req.query()
    const count = Number(limit)
    if (!Number.isInteger(count) || count < 1 || count > MOST) return refuse(context, 400, `limit takes 1 to ${MOST}.`)
    const wanted = STATUSES.find((one) => one === status)
    if (status !== undefined && !wanted) return refuse(context, 400, `status takes one of: ${STATUSES.join(', ')}.`)
    if (before !== undefined && !index.get(before)) return refuse(context, 400, 'before takes the id of a run.')
    const all = recipe === undefined ? index.all() : (index.byRecipe().get(recipe) ?? [])
    const from = before === undefined ? 0 : all.findIndex(({ id }) => id === before) + 1
    const found = (wanted ? all.slice(from).filter((run) => run.status === wanted) : all.slice(from)).slice(
      0,
      count + 1,
    )
    const runs = found.slice(0, count)
    const last = runs.at(-1)
    const query = new URLSearchParams({
      ...(recipe ? { recipe } : {}),
      ...(status ? { status } : {}),
      limit,
      before: last?.id ?? '',
    })
    const next = found.length > count ? { next: `${base}/api/v1/runs?${query}` } : {}
    return answer(context, '/api/v1/runs', { runs: runs.map((run) => apiRun(run, base)), ...next })
  })
  api.get('/runs/:id', async (context) => {
    const run = index.get(context.req.param('id'))
    if (!run) return refuse(context, 404, 'No run of this id is recorded here.')
    const running = run.status === 'running'
    return answer(context, '/api/v1/runs/{id}', {
      ...apiRun(run, base),
      estimateMs: running ? estimateOf(run, index.byRecipe().get(run.recipe) ?? []) : undefined,
      step: running ? await currentStep(stateDir, run.id) : undefined,
    })
  })
  api.get('/host', async (context) => answer(context, '/api/v1/host', await host()))
  api.all('*', (context) => refuse(context, 404, 'There is no such address.'))
  return api
}
