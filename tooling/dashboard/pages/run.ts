import type { RunRecord } from '@cc-ci/harness'
import { type Html, href, html, safeLink } from '../parts/html.ts'
import { progress } from '../parts/progress.ts'
import { levelMark, modeMark, STATUS_WORDS, statusMark } from '../parts/status.ts'
import { elapsedTag, exact, timeTag, tookTag } from '../parts/time.ts'
import { layout } from './layout.ts'
import { logSection } from './run-log.ts'
import { customisation, evidence, screenshots, steps } from './run-more.ts'
import { stageSection } from './run-stages.ts'
import type { RunView } from './run-view.ts'

const fact = (name: string, value: unknown): Html => html`<div><dt>${name}</dt><dd>${value}</dd></div>`

function facts({ run, record, pull, build }: RunView, now: number): Html {
  const { deployments } = record
  const pr = run.pr === undefined ? undefined : `#${run.pr}`
  return html`<dl class="sheet">
${fact('Began', timeTag(run.startedAt, now))}
${run.status === 'running' ? '' : fact('Took', tookTag(run.durationMs))}
${fact('Version', run.version === undefined ? html`<span class="soft">not known</span>` : html`<span class="version">${run.version}</span>`)}
${record.base ? fact('Upgrade from', html`<span class="version">${record.base}</span>`) : ''}
${run.commit ? fact('Commit', html`<code title="${run.commit}">${run.commit.slice(0, 10)}</code>`) : ''}
${run.ref ? fact('Ref', html`<code class="breaks">${run.ref}</code>`) : ''}
${pr ? fact('Pull request', pull ? html`<a href="${pull}" rel="noreferrer noopener">${pr}</a>` : pr) : ''}
${build ? fact('Build', html`<a href="${build}" rel="noreferrer noopener">of the build server</a>`) : ''}
${fact('Mode', html`${run.mode}${run.plan ? html`, plan ${run.plan}` : ''}`)}
${run.limitedTo ? fact('Only', run.limitedTo.join(', ')) : ''}
${deployments ? fact('Deployments', html`${deployments.counted} of ${deployments.planned}`) : ''}
${fact('Teardown', teardownWords(record, run.status === 'running'))}
${fact('Host', run.host)}
</dl>`
}

function teardownWords({ teardown, kept }: RunRecord, running: boolean): Html {
  if (kept) return html`kept until ${kept.until}`
  if (!teardown) return html`<span class="soft">${running ? 'not yet' : 'did not report'}</span>`
  if (teardown.clean && teardown.left.length === 0) return html`clean, ${tookTag(teardown.durationMs)}`
  return html`<strong>left ${teardown.left.join(', ') || 'something'}</strong>`
}

/** Which canonical a quick run worked on. */
function canonicalWords({ quick }: RunRecord): string {
  if (!quick?.canonical) return ''
  const { version, takenAt, upgraded } = quick.canonical
  return ` (${version}, its snapshot of ${exact(takenAt)}${upgraded ? '' : ', which is the version under test'})`
}

/** What a reader has to know before all else. */
function notices({ run, record }: RunView): Html {
  const notice = (look: string, text: unknown) => html`<p class="notice is-${look}">${text}</p>`
  const url = record.kept && safeLink(record.kept.url)
  return html`${
    run.status === 'infrastructure'
      ? notice(
          'infrastructure',
          html`<strong>Not the recipe's doing.</strong> The host, Docker, the proxy or cc-ci itself failed; this run says nothing about the recipe.`,
        )
      : ''
  }${run.status === 'usage' ? notice('usage', html`<strong>This cannot be done.</strong> Something was asked for that cannot be; this run says nothing about the recipe.`) : ''}${
    run.status === 'interrupted'
      ? notice(
          'interrupted',
          run.state === 'running'
            ? html`<strong>Cut off.</strong> Its process is gone, and it could not say how it ended.`
            : html`<strong>Interrupted.</strong> Something ended the run from outside.`,
        )
      : ''
  }${run.mode === 'quick' ? notice('usage', html`<strong>Lower confidence.</strong> This ran on the canonical that is kept warm${canonicalWords(record)}, not on a fresh deployment. It never gates a merge.`) : ''}${
    record.quick?.cold
      ? notice(
          'running',
          html`<strong>A quick run was asked for, and this is a cold one:</strong> ${record.quick.cold}`,
        )
      : ''
  }${
    record.kept
      ? notice(
          'running',
          html`<strong>The failed app is still up</strong> until ${record.kept.until}: ${url ? html`<a href="${url}" rel="noreferrer noopener">${record.kept.url}</a>` : record.kept.url}. To end it before: <code>cc-ci janitor --end-kept ${record.kept.stack}</code>`,
        )
      : ''
  }`
}

const list = (title: string, items: readonly string[], look = ''): Html =>
  items.length === 0
    ? html``
    : html`<section><h2>${title}</h2><ul class="list ${look}">${items.map((item) => html`<li class="said">${item}</li>`)}</ul></section>`

function goingOn({ run, step, estimate }: RunView, now: number): Html {
  if (run.status !== 'running') return html``
  return html`<section class="now"><h2 class="unseen">Right now</h2><p>${progress(run, estimate, now)}</p><p class="step">${step ? html`${step.text} <span class="soft">for ${elapsedTag(step.since, now)}</span>` : html`<span class="soft">between two steps</span>`}</p></section>`
}

/** The page of a run. */
export function runPage(view: RunView, now: number, publicUrl: string | undefined): Html {
  const { run, record, before, after } = view
  const running = run.status === 'running'
  const title = `${run.recipe} ${run.version ?? ''}`.trim()
  const text = [
    STATUS_WORDS[run.status].word,
    run.level === undefined ? '' : `level ${run.level} of 5`,
    run.problem ?? '',
  ]
    .filter(Boolean)
    .join(' · ')
  const image = publicUrl && !running ? `${publicUrl}${href('runs', run.id)}/card.png` : undefined
  const way = [
    { text: 'Recipes', to: '/' },
    { text: run.recipe, to: href('recipes', run.recipe) },
  ]
  return layout(
    {
      title: `${title}: ${STATUS_WORDS[run.status].word}`,
      way,
      refresh: running ? 60 : undefined,
      preview: { image, text },
    },
    html`<div id="live" data-live>
<div class="title"><h1>${title}</h1><p>${statusMark(run.status)} ${levelMark(run.level)}${modeMark(run)} <code class="id">${run.id}</code></p></div>
${notices(view)}
${goingOn(view, now)}
${list('What speaks against green', record.problems, 'is-red')}
${facts(view, now)}
${stageSection(record, running)}
${screenshots(record)}
</div>
${logSection(view)}
<div id="more" data-live>
${evidence(record)}
${list('What even this run does not prove', record.unproven)}
${list('Warnings', record.warnings)}
${list('What is different on this host', record.quirks)}
${customisation(record)}
${steps(record)}
</div>
<section class="downloads"><h2>Take it with you</h2><ul>
<li><a href="${href('runs', run.id)}/run.json" download>run.json</a> <span class="soft">the record</span></li>
<li><a href="${href('runs', run.id)}/junit.xml" download>junit.xml</a> <span class="soft">for machines that read JUnit</span></li>
<li><a href="${href('runs', run.id)}/log">output.log</a> <span class="soft">the whole log</span></li>
${running ? '' : html`<li><a href="${href('runs', run.id)}/card.png">card.png</a> <span class="soft">the result as a picture</span></li>`}
</ul></section>
<nav class="beside" aria-label="Runs of this recipe">${before ? html`<a href="${href('runs', before)}" rel="prev">← the run before</a>` : html`<span></span>`}${after ? html`<a href="${href('runs', after)}" rel="next">the run after →</a>` : ''}</nav>`,
  )
}
