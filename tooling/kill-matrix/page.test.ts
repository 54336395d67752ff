import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { page } from './page.ts'

const root = join(import.meta.dirname, '../..')

test('a cell says its verdict and its time, and one that is missing is no green one', () => {
  const text = page([
    { table: 'cases', row: 'SIGTERM', order: 0, runner: 'vitest', verdict: 'interrupted', ms: 3140 },
    { table: 'engine', row: 'create: throws', order: 0, runner: 'playwright', verdict: 'red', ms: 40 },
  ])
  expect(text).toContain('| SIGTERM | ✓ interrupted, 3.1 s | ✗ |')
  expect(text).toContain('| create: throws | ✗ | ✓ red, 0.0 s |')
})

test('the page in docs has a row for every case, all of its cells are green, and its words are these', () => {
  const docs = readFileSync(join(root, 'docs/kill-matrix.md'), 'utf8')
  const cases = readFileSync(join(root, 'packages/fixtures/src/kill-matrix/cases.ts'), 'utf8')
  const names = [...cases.matchAll(/^ {2,4}(?:\{ )?name: '([^']+)'/gm)].map(([, name]) => name)
  expect(names.length).toBeGreaterThan(15)
  for (const name of names) expect(docs).toContain(`| ${name} |`)
  expect(docs).not.toContain('✗')
  const words = (text: string) => text.split('\n').filter((line) => !line.startsWith('| '))
  expect(words(docs)).toEqual(words(page([])))
})
