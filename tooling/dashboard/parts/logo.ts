import { html } from './html.ts'

/** Five rungs: what a recipe climbs here. */
export const logo = html`<svg class="logo" width="24" height="20" viewBox="0 0 24 20" aria-hidden="true" focusable="false"><rect x="0" y="15" width="4" height="5" rx="1"/><rect x="5" y="11.5" width="4" height="8.5" rx="1"/><rect x="10" y="8" width="4" height="12" rx="1"/><rect x="15" y="4.5" width="4" height="15.5" rx="1"/><rect x="20" y="1" width="4" height="19" rx="1"/></svg>`
