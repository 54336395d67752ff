import { STATUSES, type Status } from '../index/summary.ts'
import { type Html, html } from '../parts/html.ts'
import { STATUS_WORDS } from '../parts/status.ts'
import { layout } from './layout.ts'
import { type Listed, pages, runTable } from './run-table.ts'

/** The page over all runs. */
export function runsPage(listed: Listed, total: number, status: Status | undefined, now: number): Html {
  const choice = (to: string, text: string, current: boolean) =>
    html`<li><a href="${to}"${current ? html` aria-current="true"` : ''}>${text}</a></li>`
  return layout(
    { title: 'Runs', menu: 'runs', refresh: 10 },
    html`<div id="live" data-live>
<div class="title"><h1>Runs</h1><p class="soft">${total} on this host</p></div>
<nav class="choices" aria-label="Only runs that"><ul>${choice('/runs', 'all', status === undefined)}${STATUSES.map((one) => choice(`/runs?status=${one}`, STATUS_WORDS[one].word, one === status))}</ul></nav>
${total === 0 ? html`<div class="empty"><p><strong>There is no such run.</strong></p><p>The first: <code>cc-ci run custom-html</code>.</p></div>` : runTable(listed.listed, now, true)}
${pages(listed)}
</div>`,
  )
}
