import fc from 'fast-check'
import { expect, test } from 'vitest'
import { commandIn } from './grammar.ts'

const RUN = { kind: 'run', quick: false }
const QUICK = { kind: 'run', quick: true }
const help = (option: string) => ({ kind: 'help', option })

test.each([
  ['alone', '!testme', RUN],
  ['quick', '!testme --quick', QUICK],
  ['with blanks around it', '   !testme \t', RUN],
  ['with blanks between', '!testme \t --quick', QUICK],
  ['as a browser sends lines', 'Looks good.\r\n\r\n!testme\r\n', RUN],
  ['with old line ends', 'Looks good.\r!testme\r', RUN],
  ['in the middle of a paragraph', 'please\n!testme\nthanks', RUN],
  ['after two blanks, which are a line break', 'please  \n!testme  \nthanks', RUN],
  ['below a quote and an empty line', '> does it work?\n\n!testme', RUN],
  ['below code', '```\ncode\n```\n!testme', RUN],
  ['below a heading', '# Ready\n!testme', RUN],
  ['above a fence', '!testme\n```\ncode\n```', RUN],
  ['after an HTML comment', '<!-- note -->\n\n!testme', RUN],
  ['after a word that says so', 'the command is `!testme`\n!testme', RUN],
  ['twice', '!testme\n!testme', RUN],
  ['quick first, full later', '!testme --quick\n\n!testme', RUN],
  ['full first, quick later', '!testme\n\n!testme --quick', RUN],
  ['help first, quick later', '!testme --fast\n\n!testme --quick', QUICK],
  ['quick first, help later', '!testme --quick\n\n!testme --fast', QUICK],
])('a command %s', (_, comment, command) => {
  expect(commandIn(comment)).toEqual(command)
})

test.each([
  ['an unknown option', '!testme --fast', '--fast'],
  ['an option too many', '!testme --quick --fast', '--fast'],
  ['the dash that a telephone makes of two', '!testme —quick', '—quick'],
  ['a misspelt one', '!testme --quikc', '--quikc'],
])('%s asks for help', (_, comment, option) => {
  expect(commandIn(comment)).toEqual(help(option))
})

test.each([
  ['nothing', ''],
  ['another word', '!testmexyz'],
  ['another word with an option', '!testmexyz --quick'],
  ['the word in capitals', '!TESTME'],
  ['a sentence that begins with it', '!testme is what you write'],
  ['a sentence with an option in it', '!testme please, not --quick'],
  ['a sentence that ends with it', 'write !testme'],
  ['a full stop', '!testme.'],
  ['an exclamation mark before it', '!!testme'],
  ['a quick that is none', '!testme quick'],
  ['a quick twice', '!testme --quick --quick'],
  ['a quote', '> !testme'],
  ['a quote in a quote', '> > !testme'],
  ['what a quote goes on with', '> please\n!testme'],
  ['a fence', '```\n!testme\n```'],
  ['a fence of tildes', '~~~ sh\n!testme\n~~~'],
  ['a fence that is never closed', '```\n!testme'],
  ['a fence in a fence', '````\n```\n````x\n!testme\n````'],
  ['code by its indent', 'text\n\n    !testme'],
  ['code by a tab', '\t!testme'],
  ['code in a line', '`!testme`'],
  ['code over several lines', '`one\n!testme\ntwo`'],
  ['an HTML comment', '<!-- !testme -->'],
  ['an HTML comment over several lines', '<!--\n!testme\n-->'],
  ['an HTML comment with an empty line', '<!--\n\n!testme\n\n-->'],
  ['an HTML comment in a paragraph', 'text <!--\n!testme\n-->'],
  ['an HTML element', '<pre>\n!testme\n</pre>'],
  ['a list item', '- !testme'],
  ['a numbered list item', '1. !testme'],
  ['what a list item goes on with', '- please\n!testme'],
  ['a checkbox', '- [ ] !testme'],
  ['emphasis', '*!testme*'],
  ['strong emphasis', '**!testme**'],
  ['emphasis over several lines', '**one\n!testme\ntwo**'],
  ['a link', '[!testme](https://example.org)'],
  ['a link over several lines', '[one\n!testme\ntwo](https://example.org)'],
  ['a picture', '![testme](https://example.org/x.png)\n![testme]: x'],
  ['a heading', '# !testme'],
  ['a heading by what is below it', '!testme\n---'],
  ['a line that is escaped', '\\!testme'],
  ['a line that ends with a backslash', '!testme\\\nmore'],
  ['an entity', '&#33;testme'],
  ['a blank that is none', '!testme\u00a0'],
  ['a zero-width blank', '\u200b!testme'],
  ['an emphasised end', '!testme *now*'],
  ['a very long comment', `!testme\n${'x'.repeat(70_000)}`],
])('%s is no command', (_, comment) => {
  expect(commandIn(comment)).toBeUndefined()
})

const prose = fc
  .array(fc.constantFrom('a', 'word', 'testme', '!', '!testmexyz', 'see !testme there', '1', 'ü'), { minLength: 1 })
  .map((words) => `so ${words.join(' ')} on`)

test('whatever ordinary lines stand around it, a line of its own is found', () => {
  fc.assert(
    fc.property(fc.array(prose), fc.array(prose), fc.constantFrom('\n', '\r\n', '\n\n'), (before, after, end) => {
      expect(commandIn([...before, '!testme', ...after].join(end))).toEqual(RUN)
    }),
  )
})

test('whatever is quoted, nothing is asked for', () => {
  const text = fc.string({ unit: fc.constantFrom('!testme', '\n', ' ', '--quick', '`', '>', '*', '<!--', '-->', '#') })
  fc.assert(
    fc.property(text, (comment) => {
      const quoted = comment.split('\n').map((line) => `> ${line}`)
      expect(commandIn(quoted.join('\n'))).toBeUndefined()
    }),
  )
})

test('any text whatever is read without an error, and only a line that is the command counts', () => {
  const text = fc.string({
    unit: fc.oneof(fc.string(), fc.constantFrom('!testme', '\n', '\r\n', ' ', '\t', '--quick', '--x', '`', '*', '- ')),
  })
  fc.assert(
    fc.property(text, (comment) => {
      const command = commandIn(comment)
      if (command?.kind === 'run') {
        const wanted = command.quick ? /^[ \t]*!testme[ \t]+--quick[ \t]*$/m : /^[ \t]*!testme[ \t]*$/m
        expect(comment.replaceAll('\r', '\n')).toMatch(wanted)
      }
    }),
    { numRuns: 500 },
  )
})
