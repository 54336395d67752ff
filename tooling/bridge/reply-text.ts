import { took } from '@cc-ci/harness'
import type { Outcome } from './outcome.ts'
import type { BridgeRun } from './store/runs.ts'

/** The bridge finds its own comment again by this, when it was killed before it could write down its id. */
export const markerOf = (key: string): string => `<!-- cc-ci:${key} -->`

const SIGN: Record<string, string> = { pass: '✅', fail: '❌', blocked: '⛔', unverified: '❔' }

const WHY: Record<Outcome['result'], string> = {
  green: '✅ **green**',
  red: '❌ **red**',
  infrastructure: '❌ **not verified**, and not by the recipe’s doing',
  interrupted: '❌ **interrupted** from outside',
  superseded: '❌ **ended** for a newer run of this pull request',
  deadline: '❌ **ended**: it took longer than a run may',
  queue: '❌ **given up**: it waited longer than a run may',
}

/** Text from elsewhere, as code on one line: it can be no markup, no mention of anybody and no command. */
function code(text: string, most = 200): string {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim()
  const cut = line.length > most ? `${line.slice(0, most - 1)}…` : line
  // In a table, a bar would end the cell even in code.
  return cut === '' ? '' : `\`${cut.replaceAll('`', "'").replaceAll('|', '¦')}\``
}

/** The same over several lines. */
const block = (text: string): string => `\`\`\`text\n${text.replaceAll('`', "'").slice(0, 4000)}\n\`\`\``

/** What the comment of a run says as the run stands now. `publicUrl` is where the dashboard is. */
export function replyText(run: BridgeRun, publicUrl: string): string {
  const { outcome, link } = run
  const page = link ? `[${run.runId}](${link})` : code(run.runId)
  const subject = `${code(run.recipe)} at ${code(run.sha)}${run.quick ? ' (quick: lower confidence, gates nothing)' : ''}`
  const lines = outcome ? endLines(run, outcome, publicUrl) : [stateLine(run)]
  return [markerOf(`run:${run.runId}`), `${lines[0]} · ${subject} · ${page}`, ...lines.slice(1)].join('\n')
}

function stateLine({ cancelWhy, beganAt, ref }: BridgeRun): string {
  if (cancelWhy === 'superseded') return '⏹️ making room for a newer run of this pull request'
  if (cancelWhy) return '⏹️ being ended: it took too long'
  if (beganAt) return '⏳ running'
  return ref ? '⏳ waiting for its turn' : '⏳ accepted'
}

function endLines({ runId, newer }: BridgeRun, outcome: Outcome, publicUrl: string): string[] {
  const { level, version, durationMs, limitedTo, stages, problems, detail } = outcome
  const facts = [
    WHY[outcome.result],
    ...(level === undefined ? [] : [`level ${level} of 5`]),
    ...(version ? [code(version)] : []),
    ...(outcome.mode === 'quick' ? ['quick'] : []),
    ...(durationMs === undefined ? [] : [took(durationMs)]),
  ]
  const rows = stages
    .filter(({ outcome: each }) => each !== 'not run')
    .map(
      (each) =>
        `| ${each.stage} | ${SIGN[each.outcome] ?? '–'} ${each.outcome} | ${each.durationMs > 0 ? took(each.durationMs) : ''} | ${code(each.reason ?? '')} |`,
    )
  return [
    facts.join(' · '),
    ...(rows.length > 0 ? ['', '| stage | outcome | time | reason |', '| --- | --- | --- | --- |', ...rows] : []),
    ...(limitedTo ? ['', `Limited to ${limitedTo.map((stage) => code(stage)).join(', ')}.`] : []),
    ...(outcome.result !== 'green' && problems.length > 0
      ? ['', ...problems.slice(0, 5).map((problem) => `- ${code(problem)}`)]
      : []),
    ...(outcome.result !== 'green' && detail ? ['', block(detail)] : []),
    ...(newer ? ['', `The newer run is ${code(newer)}.`] : []),
    // There is a picture of what has a record.
    ...(level === undefined ? [] : ['', `![the result as a picture](${publicUrl}/runs/${runId}/card.png)`]),
  ]
}

/** The answer to a comment whose option is not known. The command itself never stands on a line of its own here. */
export function helpText(commentId: number, option: string): string {
  return [
    markerOf(`help:${commentId}`),
    `There is no option ${code(option, 40)}. One of these, on a line of its own, starts a run of this pull request:`,
    '',
    '- `!testme` tests it through all stages',
    '- `!testme --quick` upgrades the known-good deployment to it: faster, and of lower confidence',
  ].join('\n')
}
