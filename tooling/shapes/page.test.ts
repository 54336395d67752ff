import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Proof, page } from './page.ts'

const root = join(import.meta.dirname, '../..')

test('a row says how its shape is proven, and what is not proven is said, too', () => {
  const proof = { about: 'env', does: 'reads it', order: 0, by: 'read' } as const
  const proofs: Proof[] = [
    { ...proof, shape: 'one' },
    { ...proof, shape: 'two', deployed: true },
    { ...proof, shape: 'three', deployed: true },
    { ...proof, shape: 'three', deployed: true, by: 'deployed' },
  ]
  const text = page(proofs)
  expect(text).toContain('| one | reads it | ✓ | – |')
  expect(text).toContain('| two | reads it | ✓ | ✗ |')
  expect(text).toContain('| three | reads it | ✓ | ✓ |')
})

test('the page in docs has a row for every shape, each is proven, and its words are these', () => {
  const docs = readFileSync(join(root, 'docs/shapes.md'), 'utf8')
  const shapes = readFileSync(join(root, 'packages/harness/src/recipe/shapes/shapes.ts'), 'utf8')
  const rows = [...shapes.matchAll(/^ {2}'(.+)': \{\s*about: '.+',\s*does: '(.+)',?\s*(deployed: true)?/gm)]
  expect(rows.length).toBeGreaterThan(30)
  const written = docs.split('\n').filter((line) => / [✓✗–] \|$/.test(line))
  expect(written).toEqual(
    rows.map(([, name, does, deployed]) =>
      `| ${name} | ${does} | ✓ | ${deployed ? '✓' : '–'} |`.replaceAll('\\\\', '\\'),
    ),
  )
  const words = (text: string) => text.split('\n').filter((line) => !line.startsWith('| '))
  expect(words(docs)).toEqual(words(page([])))
})
