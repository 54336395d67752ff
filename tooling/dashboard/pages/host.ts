import { type Html, html } from '../parts/html.ts'
import type { HostView } from '../state/host.ts'
import { alertList, janitorList, warmList } from './host-parts.ts'
import { layout } from './layout.ts'
import { waitingList } from './now.ts'

/** The page about the host: what is warm, what a person was told of, what the janitor took, what waits. */
export function hostPage({ warm, alerts, janitor, queue }: HostView, now: number): Html {
  return layout(
    { title: 'Host', menu: 'host', refresh: 15 },
    html`<div id="live" data-live>
<div class="title"><h1>Host</h1></div>
<section><h2>Warm</h2>${warmList(warm, now)}</section>
<section><h2>Alerts</h2>${alerts.length > 0 ? alertList(alerts, now) : html`<p class="soft">None.</p>`}</section>
<section><h2>Queue</h2>${queue.length > 0 ? waitingList(queue, now) : html`<p class="soft">Nothing waits.</p>`}</section>
<section id="janitor"><h2>What the janitor took</h2>${janitorList(janitor, now)}</section>
</div>`,
  )
}
