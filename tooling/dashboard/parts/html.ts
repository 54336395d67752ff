import { html as template } from 'hono/html'

/** Markup: text that went through `html`, which escapes what is put into it unless that is markup itself. */
export type Html = ReturnType<typeof template>

/** A piece of a page. Everything between `${}` is escaped; lists are put one behind the other. */
export const html = (strings: TemplateStringsArray, ...values: unknown[]): Html => template(strings, ...values)

/** An address of the dashboard: each part of the path is encoded. */
export const href = (...parts: string[]): string => `/${parts.map(encodeURIComponent).join('/')}`

/** An address that somebody else has written, if following it can do no more than show a page. */
export function safeLink(address: string | undefined): string | undefined {
  if (address === undefined || !URL.canParse(address)) return undefined
  const { protocol, href: whole } = new URL(address)
  return protocol === 'https:' || protocol === 'http:' ? whole : undefined
}
