import type { RunRecord } from '@cc-ci/harness'
import { mannerOf } from '../files/serve.ts'
import { type Html, href, html } from '../parts/html.ts'
import { tookTag } from '../parts/time.ts'

const isPicture = (file: string): boolean => mannerOf(file).type.startsWith('image/')

const address = (id: string, file: string): string => href('runs', id, 'files', ...file.split('/'))

/** The pictures that were kept. */
export function screenshots({ id, evidence }: RunRecord): Html {
  const pictures = evidence.filter(({ file }) => isPicture(file))
  if (pictures.length === 0) return html``
  return html`<section><h2>Screenshots</h2><div class="gallery">${pictures.map(
    ({ file, caption }) =>
      html`<figure><a href="${address(id, file)}"><img src="${address(id, file)}" alt="${caption}" loading="lazy" decoding="async"></a><figcaption>${caption}</figcaption></figure>`,
  )}</div></section>`
}

/** The other files that were kept. */
export function evidence({ id, evidence: kept }: RunRecord): Html {
  const files = kept.filter(({ file }) => !isPicture(file))
  if (files.length === 0) return html``
  return html`<section><h2>Evidence</h2><ul class="facts">${files.map(
    ({ file, caption, stage, kind }) =>
      html`<li><a class="breaks" href="${address(id, file)}">${file}</a> <span class="tag">${kind}</span> <span class="soft">${stage ? `${stage}: ` : ''}${caption}</span></li>`,
  )}</ul></section>`
}

/** As much of a value stands on one line. */
const ONE_LINE = 80

function valueText(value: unknown): string {
  const text = JSON.stringify(value) ?? ''
  return text.length > ONE_LINE ? JSON.stringify(value, null, 1) : text
}

/** The options in force, and the file that each comes from. */
export function customisation({ customisation: options, customisationFrom }: RunRecord): Html {
  const keys = Object.keys(options)
  return html`<section><h2>Options in force</h2>${
    keys.length === 0
      ? html`<p class="soft">None: this recipe needs nothing beyond the defaults.</p>`
      : html`<div class="scroll" tabindex="0" role="region" aria-label="Options in force"><table><thead><tr><th scope="col">Option</th><th scope="col">Value</th><th scope="col">From</th></tr></thead><tbody>${keys.map(
          (key) =>
            html`<tr><th scope="row"><code>${key}</code></th><td><code class="said">${valueText(options[key])}</code></td><td><code>${customisationFrom?.[key] ?? 'recipe.ts'}</code></td></tr>`,
        )}</tbody></table></div>`
  }</section>`
}

/** So many of the steps are listed. */
const STEPS = 300

/** What was done, step by step. */
export function steps({ steps: all }: RunRecord): Html {
  if (all.length === 0) return html``
  return html`<section><h2>Steps</h2><details id="steps"><summary>${all.length} steps, with their times</summary><ol class="steps">${all
    .slice(0, STEPS)
    .map(
      ({ text, durationMs }) => html`<li>${tookTag(durationMs)} <span class="breaks">${text}</span></li>`,
    )}</ol></details></section>`
}
