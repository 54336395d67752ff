import { html, raw } from 'hono/html'
import type { SweepRecord, SweptRecipe } from './record.ts'
import {
  appText,
  beganText,
  budgetText,
  durationText,
  ENROLLED_BY,
  headline,
  promotionText,
  removalText,
  verdictOf,
} from './words.ts'

type Html = ReturnType<typeof html>

const STYLE = `
:root { color-scheme: light dark; --paper: light-dark(#faf9f5, #14171a); --ink: light-dark(#1d2125, #e9e7e2);
  --soft: light-dark(#5a6168, #a4abb2); --line: light-dark(#dcd8ce, #31373d); --green: light-dark(#1a6a3a, #83d69f);
  --red: light-dark(#a3211a, #ff9f95); --amber: light-dark(#7a4c00, #efc064); --accent: light-dark(#0a615c, #6fcfc4); }
body { margin: 0 auto; max-width: 64rem; padding: 1.5rem clamp(1rem, 4vw, 2rem); background: var(--paper);
  color: var(--ink); font: 1rem/1.5 ui-sans-serif, system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1rem; margin: 1.75rem 0 .25rem; }
p { margin: .25rem 0; } a { color: var(--accent); } .soft { color: var(--soft); }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: .4rem .9rem .4rem 0; }
th { font-weight: 600; white-space: nowrap; min-width: 9rem; } th div { font-weight: 400; }
td:not(:last-child) { white-space: nowrap; } td:last-child { width: 100%; padding-right: 0; }
thead th { min-width: 0; } tr { border-top: 1px solid var(--line); } thead tr { border: 0; color: var(--soft); }
pre { margin: .25rem 0; white-space: pre-wrap; font: .85rem/1.45 ui-monospace, monospace; }
@media (max-width: 40rem) { thead { display: none; } tr { display: flex; flex-wrap: wrap; } td:last-child { flex: 1 0 100%; min-width: 0; } }
.green { color: var(--green); } .red, .failed { color: var(--red); } .interrupted, .skipped, .held { color: var(--amber); }
`

const SIGNS: Record<string, string> = { green: '✓', red: '✗', failed: '!', interrupted: '■', skipped: '–' }

/** Never told by its colour alone. */
const mark = (word: string): Html => html`<span class="${word}">${SIGNS[word] ?? '·'} ${word}</span>`

const several = (texts: readonly string[]): Html => html`${texts.map((text) => html`<pre>${text}</pre>`)}`

const section = (title: string, rows: readonly Html[]): Html =>
  rows.length === 0 ? html`` : html`<h2>${title}</h2><table><tbody>${rows}</tbody></table>`

function recipeRow(one: SweptRecipe): Html {
  const { recipe, version, outcome, level, why = [], runId, enrolledBy, promotion, log } = one
  // Beside the sweeps are the runs.
  const run =
    runId && outcome !== 'not run' ? html`<a href="../../runs/${encodeURIComponent(runId)}/">${runId}</a>` : ''
  return html`<tr><th scope="row">${recipe}<div class="soft">${version ?? ''}</div></th><td>${mark(outcome)}</td><td>${level ?? ''}</td><td>${durationText(one)}</td><td>${several(why)}${promotion ? html`<p>${promotionText(promotion)}</p>` : ''}<p class="soft">enrolled by ${ENROLLED_BY[enrolledBy]}${run ? html`; run ${run}` : ''}${log ? html`; <a href="${encodeURIComponent(log)}">output</a>` : ''}</p></td></tr>`
}

const recipes = (all: readonly SweptRecipe[]): Html =>
  all.length === 0
    ? html``
    : html`<h2>Recipes</h2><table><thead><tr><th>recipe</th><th>outcome</th><th>level</th><th>took</th><th></th></tr></thead><tbody>${all.map(recipeRow)}</tbody></table>`

const row = (name: string, text: string): Html => html`<tr><th scope="row">${name}</th><td><pre>${text}</pre></td></tr>`

/** The page of a sweep: one file that needs no other, in light and dark. What apps and recipes have said is escaped. */
export async function sweepPage(record: SweepRecord): Promise<string> {
  const { skipped = [], cutOff, hostCommand, reconciled = [], removed, budgets, problems, notes, limitedTo } = record
  const facts = [`sweep ${record.id}`, beganText(record), durationText(record), record.host]
  if (limitedTo) facts.push(`only ${limitedTo.join(', ')}`)
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${headline(record)} · sweep of ${beganText(record)}</title><style>${raw(STYLE)}</style></head><body><main>
<p>${mark(verdictOf(record))}</p><h1>${headline(record)}</h1><p class="soft">${facts.filter(Boolean).join(' · ')}</p>
${cutOff ? html`<p>The sweep before, ${cutOff}, was cut off.</p>` : ''}${section(
  'Why it was skipped',
  skipped.map((text) => html`<tr><td>${text}</td></tr>`),
)}
${section(
  'What speaks against green',
  problems.map(({ text }) => html`<tr><td><pre>${text}</pre></td></tr>`),
)}
${recipes(record.recipes)}
${section(
  'Shared apps',
  reconciled.map((app) => row(app.recipe, appText(app))),
)}
${section(
  'Enrolled no more',
  removed.map((one) => row(one.recipe, removalText(one))),
)}
${section('Host command', hostCommand ? [row(hostCommand.outcome, [durationText(hostCommand), hostCommand.why].filter(Boolean).join('\n'))] : [])}
${section(
  'Budgets',
  budgets.map((one) => row(one.what, budgetText(one))),
)}
${section(
  'Notes',
  notes.map((text) => html`<tr><td><pre>${text}</pre></td></tr>`),
)}
<p class="soft"><a href="sweep.json">sweep.json</a> · <a href="summary.txt">summary.txt</a></p>
</main></body></html>
`
  return String(await page)
}
