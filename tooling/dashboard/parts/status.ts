import type { RunSummary, Status } from '../index/summary.ts'
import { type Html, html } from './html.ts'

/** How a status is told: never by its colour alone. */
export const STATUS_WORDS: Readonly<Record<Status | 'unknown', { sign: string; word: string; means: string }>> = {
  green: { sign: '✓', word: 'passed', means: 'every stage that applies passed, and nothing was left' },
  red: { sign: '✗', word: 'failed', means: 'the recipe or its suite is to blame' },
  infrastructure: {
    sign: '!',
    word: 'host trouble',
    means: "not the recipe's doing: Docker, the host, the proxy, or cc-ci itself",
  },
  usage: { sign: '?', word: 'not possible', means: 'something was asked for that cannot be' },
  interrupted: { sign: '■', word: 'interrupted', means: 'ended from outside before it could say anything' },
  running: { sign: '▸', word: 'running', means: 'goes on right now' },
  unknown: { sign: '–', word: 'unknown', means: 'no run has said anything about it yet' },
}

/** A status as a mark with its word. */
export function statusMark(status: Status | 'unknown'): Html {
  const { sign, word, means } = STATUS_WORDS[status]
  return html`<span class="mark is-${status}" title="${means}"><span class="sign" aria-hidden="true">${sign}</span>${word}</span>`
}

const OUTCOME_LOOK: Readonly<Record<string, { sign: string; look: string }>> = {
  pass: { sign: '✓', look: 'green' },
  fail: { sign: '✗', look: 'red' },
  blocked: { sign: '■', look: 'interrupted' },
  'not applicable': { sign: '–', look: 'none' },
  unverified: { sign: '?', look: 'infrastructure' },
  'not run': { sign: '–', look: 'none' },
}

/** An outcome of a stage or a test as a mark with its word. */
export function outcomeMark(outcome: string): Html {
  const { sign, look } = OUTCOME_LOOK[outcome] ?? { sign: '?', look: 'none' }
  return html`<span class="mark is-${look}"><span class="sign" aria-hidden="true">${sign}</span>${outcome}</span>`
}

/** How a run was made, where that lowers what it proves. */
export const modeMark = ({ mode, limitedTo }: Pick<RunSummary, 'mode' | 'limitedTo'>): Html =>
  html`${
    mode === 'quick'
      ? html` <span class="tag" title="on the canonical, not deployed afresh: lower confidence, never gates a merge">quick</span>`
      : ''
  }${limitedTo ? html` <span class="tag" title="only ${limitedTo.join(', ')}">partial</span>` : ''}`

const RUNGS = ['install', 'upgrade', 'backup', 'custom', 'lint'] as const

/** A level as five rungs, those that were reached filled. */
export function levelMark(level: number | undefined): Html {
  if (level === undefined)
    return html`<span class="soft"><span aria-hidden="true">–</span><span class="unseen">no level</span></span>`
  const means = level === 0 ? 'not even installs' : `up to ${RUNGS[level - 1]}`
  return html`<span class="level" title="level ${level} of 5: ${means}"><svg width="29" height="16" viewBox="0 0 29 16" aria-hidden="true" focusable="false">${RUNGS.map(
    (_, at) =>
      html`<rect class="${at < level ? 'on' : 'off'}" x="${at * 6}" y="${12 - at * 3}" width="5" height="${4 + at * 3}" rx="1"/>`,
  )}</svg><span class="num"><span class="unseen">level </span>${level}<span class="soft">/5</span></span></span>`
}
