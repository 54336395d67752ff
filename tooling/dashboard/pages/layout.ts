import { assetUrl } from '../assets.ts'
import { type Html, html } from '../parts/html.ts'
import { logo } from '../parts/logo.ts'

/** A page's frame. */
export interface Frame {
  title: string
  /** Which of the pages in the menu it is. */
  menu?: 'overview' | 'runs' | 'host'
  /** In the way from the overview to here. */
  way?: readonly { text: string; to: string }[]
  /** The page looks for something new by itself every so many seconds, where scripts run; where not, it is loaded again. */
  refresh?: number | undefined
  /** What a page that links here shows of it: an absolute address of a picture, and a sentence. */
  preview?: { image?: string | undefined; text: string } | undefined
}

const MENU = [
  { id: 'overview', to: '/', text: 'Recipes' },
  { id: 'runs', to: '/runs', text: 'Runs' },
  { id: 'host', to: '/host', text: 'Host' },
] as const

/** A whole page. */
export function layout({ title, menu, way = [], refresh, preview }: Frame, body: Html): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title} · cc-ci</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
${preview ? html`<meta property="og:title" content="${title}"><meta property="og:description" content="${preview.text}">${preview.image ? html`<meta property="og:image" content="${preview.image}"><meta name="twitter:card" content="summary_large_image">` : ''}` : ''}
<link rel="icon" href="${assetUrl('icon.svg')}" type="image/svg+xml">
<link rel="stylesheet" href="${assetUrl('style.css')}">
<script src="${assetUrl('theme.js')}"></script>
<script src="${assetUrl('live.js')}" defer></script>
${refresh ? html`<noscript><meta http-equiv="refresh" content="${Math.max(10, refresh)}"></noscript>` : ''}
</head>
<body${refresh ? html` data-refresh="${refresh}"` : ''}>
<a class="skip" href="#main">To the content</a>
<header class="top">
<a class="home" href="/">${logo}<span>cc-ci</span></a>
<nav aria-label="Pages"><ul>${MENU.map(
    ({ id, to, text }) => html`<li><a href="${to}"${id === menu ? html` aria-current="page"` : ''}>${text}</a></li>`,
  )}</ul></nav>
<button type="button" class="theme" id="theme" hidden>Colours: <span>system</span></button>
</header>
<main id="main" tabindex="-1">
${way.length > 0 ? html`<nav class="way" aria-label="Way here"><ol>${way.map(({ text, to }) => html`<li><a href="${to}">${text}</a></li>`)}</ol></nav>` : ''}
${body}
</main>
<p class="unseen" role="status" id="said"></p>
<footer class="bottom"><p>cc-ci deploys Co-op Cloud recipes for real, proves them, and removes every trace. <a href="/api/v1">For machines: JSON</a></p></footer>
</body>
</html>`
}
