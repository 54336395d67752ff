import { took } from '@cc-ci/harness'
import type { RunSummary, Status } from '../index/summary.ts'
import { type Html, html } from './html.ts'
import { STATUS_WORDS } from './status.ts'
import { exact } from './time.ts'

const WIDTH = 7
const STEP = 9
const HEIGHT = 22

/** What each status looks like without its colour: a whole bar, one that is cut, a short one, a hollow one. */
const SHAPES: Readonly<Record<Status, (x: number) => Html>> = {
  green: (x) => html`<rect x="${x}" y="1" width="${WIDTH}" height="20" rx="1.5"/>`,
  red: (x) =>
    html`<rect x="${x}" y="1" width="${WIDTH}" height="8" rx="1.5"/><rect x="${x}" y="13" width="${WIDTH}" height="8" rx="1.5"/>`,
  infrastructure: (x) => html`<rect x="${x}" y="13" width="${WIDTH}" height="8" rx="1.5"/>`,
  usage: (x) => html`<rect x="${x}" y="17" width="${WIDTH}" height="4" rx="1.5"/>`,
  interrupted: (x) =>
    html`<rect class="hollow" x="${x + 0.75}" y="12.75" width="${WIDTH - 1.5}" height="7.5" rx="1.5"/>`,
  running: (x) => html`<rect class="hollow" x="${x + 0.75}" y="1.75" width="${WIDTH - 1.5}" height="18.5" rx="1.5"/>`,
}

const told = (run: RunSummary): string => {
  const parts = [STATUS_WORDS[run.status].word, exact(run.startedAt), run.version]
  if (run.mode !== 'cold') parts.push(run.mode)
  if (run.pr !== undefined) parts.push(`pull request ${run.pr}`)
  if (run.durationMs !== undefined) parts.push(took(run.durationMs))
  return parts.filter(Boolean).join(' · ')
}

/** How many of which status, in words: `12 passed, 1 failed`. */
export function counted(runs: readonly RunSummary[]): string {
  const counts = Map.groupBy(runs, ({ status }) => status)
  return [...counts].map(([status, of]) => `${of.length} ${STATUS_WORDS[status].word}`).join(', ')
}

/** The last runs as a strip of bars, the newest at the right. `runs` has the newest first. */
export function strip(runs: readonly RunSummary[]): Html {
  const width = Math.max(1, runs.length) * STEP
  const label = runs.length === 1 ? `the only run: ${counted(runs)}` : `the last ${runs.length} runs: ${counted(runs)}`
  return html`<svg class="strip" role="img" aria-label="${label}" width="${width}" height="${HEIGHT}" viewBox="0 0 ${width} ${HEIGHT}">${runs
    .toReversed()
    .map(
      (run, at) =>
        html`<g class="bar is-${run.status}"><title>${told(run)}</title>${SHAPES[run.status](at * STEP)}</g>`,
    )}</svg>`
}
