import fc from 'fast-check'
import { expect, test } from 'vitest'
import { commandIn } from './grammar.ts'
import type { Outcome } from './outcome.ts'
import { helpText, replyText } from './reply-text.ts'
import type { BridgeRun } from './store/runs.ts'

const RUN: BridgeRun = {
  runId: '20260130-101502-custom-html-3f9a2c',
  commentId: 3,
  repo: 'recipes/custom-html',
  recipe: 'custom-html',
  pr: 7,
  author: 'member',
  sha: 'b'.repeat(40),
  quick: false,
  source: 'http://git.example/recipes/custom-html.git',
  commentedAt: 0,
  acceptedAt: 0,
  sentAt: undefined,
  ref: undefined,
  link: undefined,
  beganAt: undefined,
  cancelWhy: undefined,
  newer: undefined,
  cancelAt: undefined,
  endedAt: undefined,
  outcome: undefined,
  statusShown: undefined,
}
const SITE = 'https://ci.example.org'
const LINK = 'https://ci.example.org/runs/20260130-101502-custom-html-3f9a2c'

const GREEN: Outcome = {
  result: 'green',
  level: 5,
  version: '1.1.0+1.22.1',
  durationMs: 17_000,
  stages: [
    { stage: 'install', outcome: 'pass', durationMs: 4000 },
    { stage: 'recipe-local', outcome: 'not applicable', durationMs: 0, reason: 'the recipe ships no tests' },
  ],
  problems: [],
}

test('a run is told as it goes on, and its commit is always named', () => {
  const told = [
    RUN,
    { ...RUN, ref: '1', link: LINK },
    { ...RUN, ref: '1', link: LINK, beganAt: 1 },
    { ...RUN, ref: '1', link: LINK, beganAt: 1, cancelWhy: 'superseded' as const },
    { ...RUN, ref: '1', link: LINK, beganAt: 1, cancelWhy: 'deadline' as const, quick: true },
  ].map((run) => replyText(run, SITE))
  for (const text of told) expect(text).toContain(RUN.sha)
  expect(told.join('\n\n')).toMatchInlineSnapshot(`
    "<!-- cc-ci:run:20260130-101502-custom-html-3f9a2c -->
    ⏳ accepted · \`custom-html\` at \`bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\` · \`20260130-101502-custom-html-3f9a2c\`

    <!-- cc-ci:run:20260130-101502-custom-html-3f9a2c -->
    ⏳ waiting for its turn · \`custom-html\` at \`bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\` · [20260130-101502-custom-html-3f9a2c](https://ci.example.org/runs/20260130-101502-custom-html-3f9a2c)

    <!-- cc-ci:run:20260130-101502-custom-html-3f9a2c -->
    ⏳ running · \`custom-html\` at \`bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\` · [20260130-101502-custom-html-3f9a2c](https://ci.example.org/runs/20260130-101502-custom-html-3f9a2c)

    <!-- cc-ci:run:20260130-101502-custom-html-3f9a2c -->
    ⏹️ making room for a newer run of this pull request · \`custom-html\` at \`bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\` · [20260130-101502-custom-html-3f9a2c](https://ci.example.org/runs/20260130-101502-custom-html-3f9a2c)

    <!-- cc-ci:run:20260130-101502-custom-html-3f9a2c -->
    ⏹️ being ended: it took too long · \`custom-html\` at \`bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\` (quick: lower confidence, gates nothing) · [20260130-101502-custom-html-3f9a2c](https://ci.example.org/runs/20260130-101502-custom-html-3f9a2c)"
  `)
})

test('how it ended: a table of its stages', () => {
  expect(replyText({ ...RUN, link: LINK, outcome: GREEN }, SITE)).toMatchInlineSnapshot(`
    "<!-- cc-ci:run:20260130-101502-custom-html-3f9a2c -->
    ✅ **green** · level 5 of 5 · \`1.1.0+1.22.1\` · 17.0 s · \`custom-html\` at \`bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\` · [20260130-101502-custom-html-3f9a2c](https://ci.example.org/runs/20260130-101502-custom-html-3f9a2c)

    | stage | outcome | time | reason |
    | --- | --- | --- | --- |
    | install | ✅ pass | 4.0 s |  |
    | recipe-local | – not applicable |  | \`the recipe ships no tests\` |

    ![the result as a picture](https://ci.example.org/runs/20260130-101502-custom-html-3f9a2c/card.png)"
  `)
})

test('why it is red, and which run came after it', () => {
  const outcome: Outcome = {
    result: 'superseded',
    stages: [],
    problems: ['SIGTERM'],
    detail: 'one\n```\n!testme\n```\ntwo',
  }
  expect(replyText({ ...RUN, outcome, newer: 'the-newer' }, SITE)).toMatchInlineSnapshot(`
    "<!-- cc-ci:run:20260130-101502-custom-html-3f9a2c -->
    ❌ **ended** for a newer run of this pull request · \`custom-html\` at \`bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\` · \`20260130-101502-custom-html-3f9a2c\`

    - \`SIGTERM\`

    \`\`\`text
    one
    '''
    !testme
    '''
    two
    \`\`\`

    The newer run is \`the-newer\`."
  `)
})

test('an unknown option is answered, and the answer asks for nothing itself', () => {
  expect(helpText(9, '--`@all`')).toMatchInlineSnapshot(`
    "<!-- cc-ci:help:9 -->
    There is no option \`--'@all'\`. One of these, on a line of its own, starts a run of this pull request:

    - \`!testme\` tests it through all stages
    - \`!testme --quick\` upgrades the known-good deployment to it: faster, and of lower confidence"
  `)
  expect(commandIn(helpText(9, '--x'))).toBeUndefined()
})

test('whatever an app or a recipe says, a comment of the bridge is no command and has no markup of theirs', () => {
  const hostile = fc.string({
    unit: fc.constantFrom('\n', '!testme', '`', '|', '@all', '<img src=x>', '-->', ' ', '[a](b)', '*', '\u2028', '\\'),
  })
  fc.assert(
    fc.property(hostile, (text) => {
      const stages = [{ stage: 'install', outcome: 'fail', durationMs: 1, reason: text }]
      const outcome: Outcome = { result: 'red', version: text, stages, problems: [text], detail: text }
      const told = replyText({ ...RUN, outcome }, SITE)
      expect(commandIn(told)).toBeUndefined()
      // Outside of code, nothing of it is left.
      const bare = told.replaceAll(/```[\s\S]*?\n```/g, '').replaceAll(/`[^`\n]*`/g, '')
      expect(bare).not.toMatch(/@all|<img|\[a\]|testme/)
    }),
  )
})
