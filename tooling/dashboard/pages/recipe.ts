import type { RecipeView, recipeView } from '../index/recipes.ts'
import type { RunSummary } from '../index/summary.ts'
import { type Html, href, html } from '../parts/html.ts'
import { levelMark, modeMark, statusMark } from '../parts/status.ts'
import { counted, strip } from '../parts/strip.ts'
import { timeTag, tookTag } from '../parts/time.ts'
import { trend } from '../parts/trend.ts'
import type { WarmApp } from '../state/warm.ts'
import { warmList } from './host-parts.ts'
import { layout } from './layout.ts'
import { type RunningView, runningList } from './now.ts'
import { type Listed, pages, runTable } from './run-table.ts'

/** What the page of a recipe shows. */
export interface RecipePage extends Listed {
  view: NonNullable<ReturnType<typeof recipeView>>
  /** The newest runs, for the drawings. */
  runs: readonly RunSummary[]
  running: readonly RunningView[]
  warm: readonly WarmApp[]
  now: number
  publicUrl: string | undefined
}

const RUNS_DRAWN = 60

/** The stages of the run that a recipe stands by, with how long they take as a rule. */
function stages(standing: RunSummary, runs: readonly RunSummary[]): Html {
  const usual = (stage: string): number | undefined => {
    const times = runs
      .flatMap((run) => run.stages.filter((one) => one.stage === stage && one.outcome === 'pass'))
      .slice(0, 9)
      .map(({ durationMs }) => durationMs)
      .sort((one, other) => one - other)
    return times[Math.floor(times.length / 2)]
  }
  return html`<ul class="rungs">${standing.stages.map(
    ({ stage, outcome }) =>
      html`<li class="rung outcome-${outcome.replace(' ', '-')}"><span class="stage-name">${stage}</span> <span class="soft">${outcome}</span> ${outcome === 'pass' ? tookTag(usual(stage)) : ''}</li>`,
  )}</ul>`
}

/** When each version first ran, and how it did. */
function versions(runs: readonly RunSummary[], now: number): Html {
  const byVersion = Map.groupBy(
    runs.filter(({ version, pr }) => version !== undefined && pr === undefined),
    ({ version }) => version ?? '',
  )
  if (byVersion.size === 0) return html``
  return html`<section><h2>Versions</h2><div class="scroll" tabindex="0" role="region" aria-label="Versions"><table><thead><tr><th scope="col">Version</th><th scope="col">Newest run</th><th scope="col">Runs</th></tr></thead><tbody>${[
    ...byVersion,
  ]
    .slice(0, 12)
    .map(
      ([version, of]) =>
        html`<tr><th scope="row"><span class="version">${version}</span></th><td>${of[0] ? html`${statusMark(of[0].status)} <a class="plain" href="${href('runs', of[0].id)}">${timeTag(of[0].startedAt, now)}</a>` : ''}</td><td><span class="soft">${counted(of)}</span></td></tr>`,
    )}</tbody></table></div></section>`
}

function badge({ recipe }: RecipeView, publicUrl: string | undefined): Html {
  const image = `${publicUrl ?? ''}${href('badge', recipe)}.svg`
  const page = `${publicUrl ?? ''}${href('recipes', recipe)}`
  return html`<section><h2>Badge</h2><p><img src="${href('badge', recipe)}.svg" alt="status badge of ${recipe}" height="20"> <img src="${href('badge', recipe)}/level.svg" alt="level badge of ${recipe}" height="20"></p>
<p class="soft">In a README:</p><pre class="copy" tabindex="0" role="region" aria-label="Markdown of the badge">[![cc-ci](${image})](${page})</pre></section>`
}

/** The page of a recipe. */
export function recipePage(page: RecipePage): Html {
  const { view, runs, running, warm, now, publicUrl } = page
  const { standing, recipe } = view
  const drawing = trend(runs.slice(0, RUNS_DRAWN))
  return layout(
    { title: recipe, way: [{ text: 'Recipes', to: '/' }], refresh: 10 },
    html`<div id="live" data-live>
<div class="title"><h1>${recipe}</h1><p>${statusMark(standing?.status ?? 'unknown')} ${levelMark(standing?.level)}${standing ? modeMark(standing) : ''}${standing?.version ? html` <span class="version">${standing.version}</span>` : ''}</p></div>
${standing ? html`<p class="soft">It stands by <a href="${href('runs', standing.id)}">the run of ${timeTag(standing.startedAt, now)}</a>${standing.pr ? html`, of pull request #${standing.pr}` : ''}: the newest whole cold run that says something about the recipe.</p>${stages(standing, runs)}` : html`<p class="soft">No run has said anything about this recipe yet: what failed was not its doing, or was interrupted.</p>`}
${running.length > 0 ? html`<section class="now"><h2>Now</h2>${runningList(running, now)}</section>` : ''}
<section><h2>How long runs take</h2>${drawing ?? html`<p class="soft">Two runs that ended are needed to draw this.</p>`}<p>${strip(runs.slice(0, RUNS_DRAWN))}</p></section>
<section id="history"><h2>History</h2>${runTable(page.listed, now, false)}${pages(page)}</section>
${versions(runs, now)}
${warm.length > 0 ? html`<section><h2>Warm</h2>${warmList(warm, now)}</section>` : ''}
${badge(view, publicUrl)}
</div>`,
  )
}
