import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadOptions, optionsReference } from '@cc-ci/harness'
import { describe, expect, test } from 'vitest'
import { OPTIONS_FILE, optionsPage } from './page.ts'

test('the published reference is that of the code (node tooling/options/page.ts writes it)', () => {
  expect(readFileSync(OPTIONS_FILE, 'utf8')).toBe(optionsPage())
})

describe('each example of the reference can be taken as it is', () => {
  test.each(optionsReference().map((row) => [row.key, row.example]))('%s', async (key, example) => {
    const folder = mkdtempSync(join(tmpdir(), 'ccci-example-'))
    try {
      writeFileSync(join(folder, 'compose.ccci.yml'), '')
      const file = join(folder, 'recipe.ts')
      writeFileSync(file, `export default {\n  ${example},\n}\n`)
      const options = await loadOptions(file)
      const found = key.split('.').reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], options)
      expect(found).toBeDefined()
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
