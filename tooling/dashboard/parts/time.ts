import { took } from '@cc-ci/harness'
import { type Html, html } from './html.ts'

const UNITS = [
  ['s', 1, 60],
  ['min', 60, 60],
  ['h', 3_600, 24],
  ['day', 86_400, 14],
  ['week', 7 * 86_400, 9],
  ['month', 30.44 * 86_400, 24],
  ['year', 365.25 * 86_400, Number.POSITIVE_INFINITY],
] as const

/** How long ago a moment was, for a person: `just now`, `5 min ago`, `1 day ago`, `3 months ago`. */
export function ago(iso: string, now: number): string {
  const seconds = (now - Date.parse(iso)) / 1000
  if (!Number.isFinite(seconds) || Math.abs(seconds) < 10) return 'just now'
  const past = Math.abs(seconds)
  const [name, size] = UNITS.find(([, size, limit]) => past / size < limit) ?? ['year', 365.25 * 86_400]
  const count = Math.max(1, Math.floor(past / size))
  const words = `${count} ${name}${count > 1 && name.length > 3 ? 's' : count > 1 && name === 'day' ? 's' : ''}`
  return seconds < 0 ? `in ${words}` : `${words} ago`
}

/** A moment to the second, in UTC. */
export const exact = (iso: string): string => `${new Date(iso).toISOString().slice(0, 19).replace('T', ' ')} UTC`

/** A moment as a person reads it, with the exact time as its title. */
export const timeTag = (iso: string | undefined, now: number): Html =>
  iso === undefined
    ? html`<span class="soft">unknown</span>`
    : html`<time datetime="${iso}" title="${exact(iso)}">${ago(iso, now)}</time>`

/** A duration, or a dash that is read out as such. */
export const tookTag = (ms: number | undefined): Html =>
  ms === undefined
    ? html`<span class="soft"><span aria-hidden="true">–</span><span class="unseen">not known</span></span>`
    : html`<span class="num">${took(ms)}</span>`

/** How long something goes on, which counts on where scripts run. */
export const elapsedTag = (since: string, now: number): Html =>
  html`<span class="num" data-since="${since}">${took(Math.max(0, now - Date.parse(since)))}</span>`
