import type { RunSummary } from '../index/summary.ts'
import { type Html, href, html } from '../parts/html.ts'
import { levelMark, modeMark, statusMark } from '../parts/status.ts'
import { timeTag, tookTag } from '../parts/time.ts'

/** A page of a list of runs. */
export interface Listed {
  listed: readonly RunSummary[]
  /** Where the pages are, without the number. */
  address: string
  /** From 1. */
  number: number
  count: number
}

/** So many runs are on a page. */
const PAGE_SIZE = 50

/** One page of runs; a number that is none, or too large, is the nearest that there is. */
export function pageOf(runs: readonly RunSummary[], asked: string | undefined, address: string): Listed {
  const count = Math.max(1, Math.ceil(runs.length / PAGE_SIZE))
  const wanted = /^\d{1,6}$/.test(asked ?? '') ? Number(asked) : 1
  const number = Math.min(count, Math.max(1, wanted))
  return { listed: runs.slice((number - 1) * PAGE_SIZE, number * PAGE_SIZE), address, number, count }
}

function row(run: RunSummary, now: number, named: boolean): Html {
  return html`<tr><td>${statusMark(run.status)}${modeMark(run)}</td>
<th scope="row"><a href="${href('runs', run.id)}">${named ? html`${run.recipe} ` : ''}<span class="version">${run.version ?? 'version not known'}</span></a>${run.pr ? html` <span class="soft">#${run.pr}</span>` : ''}${run.problem && run.status !== 'green' ? html`<span class="problem soft">${run.problem}</span>` : ''}</th>
<td>${levelMark(run.level)}</td><td>${timeTag(run.startedAt, now)}</td><td class="right">${tookTag(run.durationMs)}</td></tr>`
}

/** Runs as a table. `named`: with their recipes. */
export const runTable = (runs: readonly RunSummary[], now: number, named: boolean): Html =>
  runs.length === 0
    ? html`<div class="empty"><p><strong>No run.</strong></p></div>`
    : html`<div class="scroll" tabindex="0" role="region" aria-label="Runs"><table class="runs"><thead><tr><th scope="col">Outcome</th><th scope="col">Run</th><th scope="col">Level</th><th scope="col">Began</th><th scope="col" class="right">Took</th></tr></thead><tbody>${runs.map((run) => row(run, now, named))}</tbody></table></div>`

/** The way to the other pages. */
export function pages({ address, number, count }: Listed): Html {
  if (count === 1) return html``
  const to = (page: number) => `${address}${address.includes('?') ? '&' : '?'}page=${page}`
  return html`<nav class="beside" aria-label="Pages of runs">${number > 1 ? html`<a href="${to(number - 1)}" rel="prev">← newer</a>` : html`<span></span>`}<span class="soft">page ${number} of ${count}</span>${number < count ? html`<a href="${to(number + 1)}" rel="next">older →</a>` : html`<span></span>`}</nav>`
}
