import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LINT_RULES } from '@cc-ci/harness'
import { expect, test } from 'vitest'

test('docs/lint.md lists every rule with its level', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/lint.md'), 'utf8')
  const rows = [...page.matchAll(/^\| ([RC]\d{3}) *\| (error|warn) *\| (.*?) *\|$/gm)].map(([, ...cells]) => cells)
  expect(rows).toEqual(LINT_RULES.map(({ id, level, title }) => [id, level, title]))
})
