import { expect, test } from 'vitest'
import { lineOf } from './ansi.ts'

const ESC = '\u001b'

test.each([
  ['nothing special', 'plain <b>text</b>', 'plain <b>text</b>'],
  [
    'a colour',
    `${ESC}[31mred${ESC}[0m rest`,
    [
      ['fg-red', 'red'],
      ['', ' rest'],
    ],
  ],
  ['several at once', `${ESC}[1;4;92;41mx`, [['fg-green bg-red bold underline', 'x']]],
  ['a colour of the 256', `${ESC}[38;5;196mx`, [['fg-red', 'x']]],
  ['a mixed colour', `${ESC}[38;2;20;30;250mx`, [['fg-blue', 'x']]],
  ['a grey one', `${ESC}[48;5;240mx`, [['bg-white', 'x']]],
  ['the sign of a passed test', '    ✓ serves its page', [['fg-green', '    ✓ serves its page']]],
  ['the sign of a failed one', '    ✗ serves its page', [['fg-red', '    ✗ serves its page']]],
  ['a link', `${ESC}]8;;javascript:alert(1)${ESC}\\here${ESC}]8;;${ESC}\\`, 'here'],
  ['a title', `${ESC}]0;owned\u0007text`, 'text'],
  ['a moving cursor', `a${ESC}[2J${ESC}[1;1Hb`, 'ab'],
  ['text turned around', 'abc\u202ecba', 'abccba'],
  ['bells and zeros', 'a\u0007\u0000b\u0008c', 'abc'],
  ['an escape that is cut', `a${ESC}[3`, 'a'],
])('%s', (_, raw, line) => {
  expect(lineOf(raw)).toEqual(line)
})

test('a class is never anything but one of ours, whatever is printed', () => {
  const known = /^((fg|bg)-(black|red|green|yellow|blue|magenta|cyan|white)|bold|dim|italic|underline|)$/
  for (let code = 0; code < 120; code += 1) {
    for (const raw of [`${ESC}[${code}mx`, `${ESC}[38;5;${code * 3}mx`, `${ESC}[48;2;${code};"><script>;1mx`]) {
      const line = lineOf(raw)
      if (typeof line !== 'string')
        for (const [classes] of line) for (const one of classes.split(' ')) expect(one, raw).toMatch(known)
    }
  }
})

test('a line of a megabyte is cut, and says so', () => {
  const line = lineOf('x'.repeat(1_000_000))
  expect(line).toMatch(/^x{4000} … \(996000 more characters\)$/)
})
