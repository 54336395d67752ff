import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type RunRecord, took } from '@cc-ci/harness'
import { raw } from 'hono/html'
import type { RunSummary } from '../index/summary.ts'
import { shownText } from '../log/ansi.ts'
import { type Html, html } from '../parts/html.ts'
import { logo } from '../parts/logo.ts'
import { levelMark, outcomeMark, STATUS_WORDS } from '../parts/status.ts'
import { exact } from '../parts/time.ts'

/** What a card measures, in pixels: what pages that show a preview of a link expect. */
export const CARD = { width: 1200, height: 630 } as const

const STYLE = ['style.css', 'card.css']
  .map((name) => readFileSync(join(import.meta.dirname, '../assets', name), 'utf8'))
  .join('\n')

const cut = (text: string, length: number): string => (text.length > length ? `${text.slice(0, length - 1)}…` : text)

/** The result of a run as a page that a picture is taken of: it refers to nothing outside of itself. */
export function cardPage(run: RunSummary, record: RunRecord): Html {
  const { sign, word } = STATUS_WORDS[run.status]
  const facts = [
    run.mode === 'quick' ? 'quick: lower confidence' : '',
    run.limitedTo ? `only ${run.limitedTo.join(', ')}` : '',
    record.deployments ? `${record.deployments.counted} of ${record.deployments.planned} deployments` : '',
    record.teardown?.clean ? 'nothing left behind' : '',
    run.durationMs === undefined ? '' : took(run.durationMs),
  ].filter(Boolean)
  const origin = [
    run.pr ? `pull request #${run.pr}` : '',
    run.commit ? run.commit.slice(0, 10) : '',
    exact(run.startedAt),
  ]
  return html`<!doctype html>
<html lang="en" data-theme="light"><head><meta charset="utf-8"><title>${run.id}</title><style>${raw(STYLE)}</style></head>
<body class="card"><header><span class="home">${logo}<span>cc-ci</span></span><span class="soft">${origin.filter(Boolean).join(' · ')}</span></header>
<h1>${cut(shownText(run.recipe), 60)} <span class="version">${cut(shownText(run.version ?? ''), 40)}</span></h1>
<p class="verdict is-${run.status}"><span class="sign">${sign}</span> ${word} ${levelMark(run.level)}</p>
<ul class="card-stages">${run.stages.map(({ stage, outcome, durationMs }) => html`<li><span class="stage-name">${stage}</span>${outcomeMark(outcome)}<span class="soft num">${durationMs > 0 ? took(durationMs) : ''}</span></li>`)}</ul>
<p class="why">${run.status === 'green' ? '' : cut(shownText(run.problem ?? ''), 180)}</p>
<footer class="soft">${facts.join(' · ')}</footer></body></html>`
}
