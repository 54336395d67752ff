import type { RunSummary } from '../index/summary.ts'
import { type Html, href, html } from '../parts/html.ts'
import { progress } from '../parts/progress.ts'
import { modeMark } from '../parts/status.ts'
import { timeTag } from '../parts/time.ts'
import type { CurrentStep } from '../state/current-step.ts'
import type { WaitingRun } from '../state/queue.ts'

/** A run that goes on. */
export interface RunningView {
  run: RunSummary
  estimate: number | undefined
  step: CurrentStep | undefined
}

/** What runs right now, with how far it is. */
export const runningList = (running: readonly RunningView[], now: number): Html =>
  running.length === 0
    ? html`<p class="soft">Nothing is running. <code>cc-ci run &lt;recipe&gt;</code> on this host starts a run, and so does <code>!testme</code> on a pull request.</p>`
    : html`<ul class="running">${running.map(
        ({
          run,
          estimate,
          step,
        }) => html`<li><a href="${href('runs', run.id)}"><strong>${run.recipe}</strong>${run.version ? html` <span class="version">${run.version}</span>` : ''}</a>${run.pr ? html` <span class="soft">#${run.pr}</span>` : ''}${modeMark(run)}
${progress(run, estimate, now)}
${step ? html`<span class="step">${step.text}</span>` : ''}</li>`,
      )}</ul>`

/** What waits for its turn. */
export const waitingList = (waiting: readonly WaitingRun[], now: number): Html =>
  waiting.length === 0
    ? html``
    : html`<h3>Waiting: ${waiting.length}</h3><ol class="waiting">${waiting.map(
        ({ recipe, pr, quick, by, since }) =>
          html`<li>${recipe} <span class="soft">#${pr}, asked for by ${by}</span>${quick ? html` <span class="tag">quick</span>` : ''} <span class="soft">since</span> ${timeTag(since, now)}</li>`,
      )}</ol>`
