import { expect, test } from 'vitest'
import { href, html, safeLink } from './html.ts'

test('what is put in is escaped, in text and in attributes, in lists, too', async () => {
  const bad = `"'><script>alert(1)</script>&`
  const page = String(await html`<a title="${bad}">${[bad, html`<b>${bad}</b>`]}</a>`)
  expect(page).not.toContain('<script')
  expect(page.match(/&lt;script&gt;/g)).toHaveLength(3)
  expect(page).toContain('<b>')
  expect(page.match(/&quot;/g)).toHaveLength(3)
})

test('an address of ours is encoded part by part', () => {
  expect(href('recipes', 'a/../b?c#d"e')).toBe('/recipes/a%2F..%2Fb%3Fc%23d%22e')
})

test.each([
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  ' \u0001javascript:alert(1)',
  'data:text/html,x',
  'vbscript:x',
  '//example.org',
  'x',
  '',
])('an address like %j is no link', (address) => {
  expect(safeLink(address)).toBeUndefined()
})

test('one of the web is', () => {
  expect(safeLink('https://git.example.org/a/pulls/7')).toBe('https://git.example.org/a/pulls/7')
})
