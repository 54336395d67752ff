import type { Line } from '../log/ansi.ts'
import { type Html, href, html } from '../parts/html.ts'
import type { RunView } from './run-view.ts'

/** A line of a log as it stands in a page. */
const lineHtml = (line: Line): Html =>
  html`<span class="l">${
    typeof line === 'string'
      ? line
      : line.map(([classes, text]) => (classes ? html`<span class="${classes}">${text}</span>` : text))
  }\n</span>`

const MB = 1_000_000
const sizeText = (bytes: number): string =>
  bytes < MB ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / MB).toFixed(1)} MB`

/** The end of the log, which goes on by itself while the run does. */
export function logSection({ run, log, writing }: RunView): Html {
  const address = href('runs', run.id)
  const stream = writing ? html` data-stream="${address}/stream" data-from="${log.end}"` : ''
  return html`<section class="logs"><h2>Log</h2>
${
  log.lines.length === 0 && !writing
    ? html`<p class="soft">This run has shown nothing.</p>`
    : html`<p class="soft"><a href="${address}/log">The whole log</a>${log.size > 0 ? html` (${sizeText(log.size)})` : ''}${log.start > 0 || log.lines.length >= 400 ? '; below is its end' : ''}<span class="live-state" id="log-state" role="status"></span></p>
<pre class="log" id="log" tabindex="0" role="log" aria-live="off" aria-label="Log of the run"${stream}>${log.lines.map(lineHtml)}</pre>`
}
</section>`
}
