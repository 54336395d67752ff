import { type Html, html } from '../parts/html.ts'
import { layout } from './layout.ts'

/** A page that says no more than one thing. */
export const plainPage = (title: string, text: string, more: Html = html``): Html =>
  layout(
    { title },
    html`<div class="title"><h1>${title}</h1></div><p>${text}</p>${more}<p><a href="/">All recipes</a></p>`,
  )
