import { findingText, type RunRecord, type StageRecord, type TestRecord } from '@cc-ci/harness'
import { shownText } from '../log/ansi.ts'
import { type Html, html } from '../parts/html.ts'
import { outcomeMark } from '../parts/status.ts'
import { tookTag } from '../parts/time.ts'

/** An error longer than this is cut; the whole of it stands in the record. */
const LONGEST_ERROR = 8_000

const cut = (text: string): string =>
  text.length > LONGEST_ERROR
    ? `${text.slice(0, LONGEST_ERROR)}\n… (${text.length - LONGEST_ERROR} more characters in run.json)`
    : text

/** A text of several lines as it may be shown. */
const shown = (text: string): string => cut(text).split('\n').map(shownText).join('\n')

/** Suites are often called like the stage, which stands above already. */
const ownName = (name: string, stage: string): string =>
  name.startsWith(`${stage} > `) ? name.slice(stage.length + 3) : name

const notYet = html`<span class="mark is-none">not yet</span>`

function testItem(test: TestRecord, stage: string, running: boolean): Html {
  const mark = running && test.outcome === 'not run' ? notYet : outcomeMark(test.outcome)
  const time = test.durationMs > 0 || test.outcome === 'pass' ? tookTag(test.durationMs) : ''
  return html`<li class="test">${mark} <span class="name">${shownText(ownName(test.name, stage))}</span> ${time}
${test.reason && !test.error ? html`<p class="soft said">${shown(test.reason)}</p>` : ''}
${test.error ? html`<pre class="error" tabindex="0" role="region" aria-label="error of ${shownText(test.name)}"><strong>${shownText(test.error.name)}</strong>: ${shown(test.error.message)}${test.error.place ? html`\n<span class="soft">at ${shownText(test.error.place)}</span>` : ''}</pre>` : ''}</li>`
}

const ruleItems = (stage: StageRecord): Html[] =>
  (stage.rules ?? [])
    .filter(({ outcome }) => outcome === 'findings')
    .map(
      (
        rule,
      ) => html`<li class="test"><span class="mark ${rule.level === 'error' ? 'is-red' : 'is-infrastructure'}"><span class="sign" aria-hidden="true">${rule.level === 'error' ? '✗' : '!'}</span>${rule.level}</span> <span class="name">${rule.id} ${rule.title}</span>
<ul>${rule.findings.map((finding) => html`<li class="said">${findingText(finding)} <span class="soft">${finding.todo}</span></li>`)}</ul></li>`,
    )

function stageItem(stage: StageRecord, running: boolean): Html {
  const pending = running && stage.outcome === 'not run'
  const open = stage.outcome === 'fail' || stage.outcome === 'unverified' || stage.outcome === 'blocked'
  const { tests } = stage
  const rules = ruleItems(stage)
  const passed = tests.filter(({ outcome }) => outcome === 'pass').length
  const head = html`<span class="stage-name">${stage.stage}</span> ${pending ? notYet : outcomeMark(stage.outcome)} ${stage.durationMs > 0 ? tookTag(stage.durationMs) : ''}<span class="soft why">${stage.reason ? shownText(stage.reason.split('\n')[0] ?? '') : tests.length > 0 ? `${passed} of ${tests.length} ${tests.length === 1 ? 'test' : 'tests'}` : ''}</span>`
  if (tests.length === 0 && rules.length === 0 && !stage.details) return html`<li class="stage flat">${head}</li>`
  return html`<li class="stage"><details id="stage-${stage.stage}"${open || (running && !pending) ? html` open` : ''}><summary>${head}</summary>
<ul class="tests">${tests.map((test) => testItem(test, stage.stage, running))}${rules}</ul>
${(stage.details ?? []).map((detail) => html`<p class="soft said">${shown(detail)}</p>`)}
</details></li>`
}

/** The stages of a run with their tests, in their order. */
export const stageSection = ({ stages }: RunRecord, running: boolean): Html =>
  html`<section><h2>Stages</h2><ul class="stages">${stages.map((stage) => stageItem(stage, running))}</ul></section>`
