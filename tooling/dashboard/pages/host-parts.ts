import { type Html, href, html } from '../parts/html.ts'
import { timeTag, tookTag } from '../parts/time.ts'
import type { Alert } from '../state/alerts.ts'
import type { JanitorTaking } from '../state/janitor.ts'
import type { WarmApp } from '../state/warm.ts'

/** What is warm, at which version, and since when. */
export const warmList = (apps: readonly WarmApp[], now: number): Html =>
  apps.length === 0
    ? html`<p class="soft">Nothing is kept warm. A recipe with <code>canonical: true</code> in its <code>recipe.ts</code> is, once a whole green run of it was promoted.</p>`
    : html`<ul class="facts">${apps.map(
        (
          app,
        ) => html`<li><strong>${app.recipe}</strong> <span class="version">${app.version}</span> <span class="tag">${app.kind}</span>
<span class="soft">${app.since ? html`since ${timeTag(app.since, now)}` : 'since when is not known'}${app.made ? html`, ${app.made}` : ''}${app.madeBy ? html` by <a href="${href('runs', app.madeBy)}">its run</a>` : ''}${app.snapshotAt ? html`, snapshot ${timeTag(app.snapshotAt, now)}` : ''}${app.usedBy ? html`, in use by ${app.usedBy}` : ''}</span>${app.damaged ? html`<p class="notice is-infrastructure"><strong>Damaged:</strong> ${app.damaged}</p>` : ''}</li>`,
      )}</ul>`

const facts = ({ attempted, lastGood, recovered, cause }: Alert): string =>
  [
    cause,
    attempted && `attempted ${attempted}`,
    lastGood && `last good ${lastGood}`,
    recovered === undefined ? undefined : recovered ? 'recovered' : 'not recovered',
  ]
    .filter(Boolean)
    .join(' · ')

/** Alerts, the newest first. */
export const alertList = (alerts: readonly Alert[], now: number): Html =>
  html`<ul class="facts">${alerts.map(
    (
      alert,
    ) => html`<li class="alert"><span class="mark ${alert.archived ? 'is-interrupted' : 'is-infrastructure'}"><span class="sign" aria-hidden="true">!</span>${alert.archived ? 'delivered' : 'waiting'}</span> <strong>${alert.subject}${alert.title ? `: ${alert.title}` : ''}</strong> <span class="soft">${timeTag(alert.at, now)}</span>
${alert.text ? html`<p class="said">${alert.text}</p>` : ''}<p class="soft">${facts(alert)}</p></li>`,
  )}</ul>`

/** What the janitor took, the newest first. */
export const janitorList = (takings: readonly JanitorTaking[], now: number): Html =>
  takings.length === 0
    ? html`<p class="soft">Nothing. Every run has removed what it made.</p>`
    : html`<ul class="facts">${takings.map(
        ({
          stack,
          at,
          why,
          things,
          runIds,
          outcome,
          durationMs,
        }) => html`<li><strong class="breaks">${stack}</strong> <span class="soft">${outcome} ${timeTag(at, now)}, ${tookTag(durationMs)}</span>
<span class="soft">${why}${runIds.length > 0 ? html`; of ${runIds.slice(0, 3).map((id, place) => html`${place > 0 ? ', ' : ''}<a href="${href('runs', id)}">${id}</a>`)}` : ''}</span>
${things.length > 0 ? html`<details><summary>${things.length} ${things.length === 1 ? 'thing' : 'things'}</summary><ul class="breaks">${things.slice(0, 100).map((thing) => html`<li>${thing}</li>`)}</ul></details>` : ''}</li>`,
      )}</ul>`
