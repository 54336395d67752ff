import { Hono } from 'hono'
import { estimateOf, recipeView, recipeViews } from './index/recipes.ts'
import { type RunSummary, STATUSES } from './index/summary.ts'
import { hostPage } from './pages/host.ts'
import type { RunningView } from './pages/now.ts'
import { overviewPage } from './pages/overview.ts'
import { plainPage } from './pages/plain.ts'
import { recipePage } from './pages/recipe.ts'
import { pageOf } from './pages/run-table.ts'
import { runsPage } from './pages/runs.ts'
import { href } from './parts/html.ts'
import type { Sources } from './sources.ts'
import { currentStep } from './state/current-step.ts'

/** The pages over all recipes, a recipe, all runs, and the host. */
export function pageRoutes({ stateDir, index, host, base, clock }: Sources): Hono {
  const pages = new Hono()
  const runningViews = (runs: readonly RunSummary[]): Promise<RunningView[]> =>
    Promise.all(
      runs.map(async (run) => ({
        run,
        estimate: estimateOf(run, index.byRecipe().get(run.recipe) ?? []),
        step: await currentStep(stateDir, run.id),
      })),
    )

  pages.get('/', async (context) => {
    const recipes = recipeViews(index, 14)
    const [running, seen] = await Promise.all([runningViews(recipes.flatMap((view) => view.running)), host()])
    return context.html(overviewPage({ recipes, running, host: seen, now: clock() }))
  })
  pages.get('/host', async (context) => context.html(hostPage(await host(), clock())))
  pages.get('/runs', (context) => {
    const { status, page } = context.req.query()
    const wanted = STATUSES.find((one) => one === status)
    const all = wanted ? index.all().filter((run) => run.status === wanted) : index.all()
    const listed = pageOf(all, page, wanted ? `/runs?status=${wanted}` : '/runs')
    return context.html(runsPage(listed, all.length, wanted, clock()))
  })
  pages.get('/recipes/:recipe', async (context) => {
    const recipe = context.req.param('recipe')
    const view = recipeView(index, recipe)
    if (!view)
      return context.html(
        plainPage(
          'No such recipe',
          'No run of this recipe is recorded here. To make one, on this host: cc-ci run <recipe>',
        ),
        404,
      )
    const runs = index.byRecipe().get(recipe) ?? []
    const [running, { warm }] = await Promise.all([runningViews(view.running), host()])
    return context.html(
      recipePage({
        view,
        runs,
        running,
        warm: warm.filter((app) => app.recipe === recipe),
        ...pageOf(runs, context.req.query('page'), href('recipes', recipe)),
        now: clock(),
        publicUrl: base || undefined,
      }),
    )
  })
  return pages
}
