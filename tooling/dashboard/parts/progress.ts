import { took } from '@cc-ci/harness'
import type { RunSummary } from '../index/summary.ts'
import { type Html, html } from './html.ts'
import { elapsedTag } from './time.ts'

/** How far a run is, by how long earlier ones took; without such, only since when it goes on. */
export function progress(run: RunSummary, estimate: number | undefined, now: number): Html {
  const elapsed = elapsedTag(run.startedAt, now)
  if (estimate === undefined)
    return html`<span class="progress">${elapsed} <span class="soft">no earlier run to go by</span></span>`
  const done = Math.min(1, Math.max(0, (now - Date.parse(run.startedAt)) / estimate))
  return html`<span class="progress"><progress max="${estimate}" value="${Math.round(done * estimate)}" data-started="${run.startedAt}" aria-label="progress of ${run.recipe}, by earlier runs"></progress> ${elapsed} <span class="soft">of about ${took(estimate)}</span></span>`
}
