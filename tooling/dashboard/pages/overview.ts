import type { RecipeView } from '../index/recipes.ts'
import type { RunSummary } from '../index/summary.ts'
import { type Html, href, html } from '../parts/html.ts'
import { levelMark, modeMark, statusMark } from '../parts/status.ts'
import { strip } from '../parts/strip.ts'
import { timeTag, tookTag } from '../parts/time.ts'
import type { HostView } from '../state/host.ts'
import { alertList, janitorList, warmList } from './host-parts.ts'
import { layout } from './layout.ts'
import { type RunningView, runningList, waitingList } from './now.ts'

/** What the overview shows. */
export interface Overview {
  recipes: readonly RecipeView[]
  running: readonly RunningView[]
  host: HostView
  now: number
}

function headline(recipes: readonly RecipeView[]): string {
  const standing = Map.groupBy(recipes, (view) => view.standing?.status ?? 'unknown')
  const count = (status: RunSummary['status'] | 'unknown') => standing.get(status)?.length ?? 0
  const parts = [`${recipes.length} ${recipes.length === 1 ? 'recipe' : 'recipes'}`, `${count('green')} pass`]
  if (count('red') > 0) parts.push(`${count('red')} fail`)
  if (count('unknown') > 0) parts.push(`${count('unknown')} not told yet`)
  return parts.join(' · ')
}

/** What is said where only the title is seen, or heard when it changes. */
function tabTitle(recipes: readonly RecipeView[], running: number): string {
  const failed = recipes.filter(({ standing }) => standing?.status === 'red').length
  const parts = [failed > 0 ? `${failed} failed` : '', running > 0 ? `${running} running` : ''].filter(Boolean)
  return parts.length > 0 ? `Recipes: ${parts.join(', ')}` : 'Recipes'
}

function row({ recipe, standing, last }: RecipeView, now: number): Html {
  const [newest] = last
  return html`<tr>
<th scope="row"><a href="${href('recipes', recipe)}">${recipe}</a>${standing?.version ? html`<span class="version">${standing.version}</span>` : ''}</th>
<td>${statusMark(standing?.status ?? 'unknown')}${standing ? modeMark(standing) : ''}</td>
<td>${levelMark(standing?.level)}</td>
<td class="wide">${strip(last)}</td>
<td>${newest ? html`<a class="plain" href="${href('runs', newest.id)}">${timeTag(newest.startedAt, now)}</a>${newest === standing ? '' : html` ${statusMark(newest.status)}`}<span class="tag">${newest.mode}</span>` : ''}</td>
<td class="right">${tookTag(newest?.durationMs)}</td>
</tr>`
}

const NO_RECIPES = html`<div class="empty">
<p><strong>No recipe has been tested here yet.</strong></p>
<p>The first run takes less than a minute: <code>cc-ci run custom-html</code>. It shows up here as soon as it begins.</p>
</div>`

const table = (
  recipes: readonly RecipeView[],
  now: number,
): Html => html`<div class="scroll" tabindex="0" role="region" aria-label="Recipes"><table class="recipes">
<thead><tr><th scope="col">Recipe</th><th scope="col">Standing</th><th scope="col">Level</th><th scope="col" class="wide">Last runs</th><th scope="col">Newest</th><th scope="col" class="right">Took</th></tr></thead>
<tbody>${recipes.map((recipe) => row(recipe, now))}</tbody>
</table></div>`

/** The page over all recipes. */
export function overviewPage({ recipes, running, host, now }: Overview): Html {
  const waiting = host.alerts.filter(({ archived }) => !archived)
  return layout(
    { title: tabTitle(recipes, running.length), menu: 'overview', refresh: 5 },
    html`<div id="live" data-live>
<div class="title"><h1>Recipes</h1><p class="soft">${headline(recipes)}</p></div>
${waiting.length > 0 ? html`<section class="alerts"><h2>Alerts</h2>${alertList(waiting, now)}</section>` : ''}
<section class="now"><h2>Now</h2>${runningList(running, now)}${waitingList(host.queue, now)}</section>
<section><h2 class="unseen">All recipes</h2>${recipes.length > 0 ? table(recipes, now) : NO_RECIPES}</section>
<div class="pair">
<section><h2>Warm</h2>${warmList(host.warm, now)}</section>
<section><h2>What the janitor took</h2>${janitorList(host.janitor.slice(0, 5), now)}${host.janitor.length > 5 ? html`<p><a href="/host#janitor">All of it</a></p>` : ''}</section>
</div>
</div>`,
  )
}
