import { took } from '@cc-ci/harness'
import type { RunSummary } from '../index/summary.ts'
import { type Html, html } from './html.ts'
import { STATUS_WORDS } from './status.ts'
import { exact } from './time.ts'

const WIDTH = 1040
const HEIGHT = 200
const LEFT = 80
const RIGHT = 12
const TOP = 14
const BOTTOM = 26

/** The next round number of milliseconds above a duration. */
function roundUp(ms: number): number {
  const steps = [
    100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000,
  ]
  return steps.find((step) => step >= ms) ?? Math.ceil(ms / 3_600_000) * 3_600_000
}

/**
 * How long runs took, as a drawing: a point for each that ended, the oldest at the left, joined where they were green and
 * cold. `runs` has the newest first. Nothing where there are fewer than two to draw.
 */
export function trend(runs: readonly RunSummary[]): Html | undefined {
  const ended = runs.filter(({ status, durationMs }) => durationMs !== undefined && status !== 'running').toReversed()
  if (ended.length < 2) return undefined
  const top = roundUp(Math.max(...ended.map(({ durationMs = 0 }) => durationMs)))
  const x = (at: number) => LEFT + ((WIDTH - LEFT - RIGHT) * at) / (ended.length - 1)
  const y = (ms: number) => HEIGHT - BOTTOM - ((HEIGHT - TOP - BOTTOM) * ms) / top
  const round = (value: number) => Math.round(value * 10) / 10
  const points = ended.map((run, at) => ({ run, x: round(x(at)), y: round(y(run.durationMs ?? 0)) }))
  const line = points.filter(({ run }) => run.status === 'green' && run.mode === 'cold')
  const [first, last] = [ended[0], ended.at(-1)]
  const green = ended.filter(({ status }) => status === 'green')
  const span =
    green.length > 0
      ? `; green ones from ${took(Math.min(...green.map(({ durationMs = 0 }) => durationMs)))} to ${took(Math.max(...green.map(({ durationMs = 0 }) => durationMs)))}`
      : ''
  return html`<svg class="trend" role="img" aria-label="How long the last ${ended.length} runs took${span}" viewBox="0 0 ${WIDTH} ${HEIGHT}">
${[0, top / 2, top].map(
  (ms) =>
    html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(ms)}" y2="${y(ms)}"/><text class="axis" x="${LEFT - 8}" y="${y(ms) + 4}" text-anchor="end">${ms === 0 ? '0' : took(ms)}</text>`,
)}
<text class="axis" x="${LEFT}" y="${HEIGHT - 6}">${first ? exact(first.startedAt).slice(0, 10) : ''}</text>
<text class="axis" x="${WIDTH - RIGHT}" y="${HEIGHT - 6}" text-anchor="end">${last ? exact(last.startedAt).slice(0, 10) : ''}</text>
<polyline class="line" points="${line.map((point) => `${point.x},${point.y}`).join(' ')}"/>
${points.map(
  ({ run, x: at, y: up }) =>
    html`<g class="point is-${run.status}"><title>${STATUS_WORDS[run.status].word} · ${took(run.durationMs ?? 0)} · ${run.version ?? ''} · ${exact(run.startedAt)}</title>${
      run.status === 'green'
        ? html`<circle cx="${at}" cy="${up}" r="3.5"/>`
        : html`<path d="M${at - 4} ${up - 4}L${at + 4} ${up + 4}M${at - 4} ${up + 4}L${at + 4} ${up - 4}"/>`
    }</g>`,
)}</svg>`
}
