import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { findLocalTests } from './local-tests.ts'

function checkout(...files: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'ccci-local-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), '')
  }
  return folder
}

test('each kind is found, in any folder below tests, in an order that stays', () => {
  const folder = checkout('tests/b.test.ts', 'tests/a/c.spec.ts', 'tests/a/a.test.ts', 'tests/run', 'compose.yml')
  expect(findLocalTests(folder)).toEqual({
    folder: join(folder, 'tests'),
    vitest: ['a/a.test.ts', 'b.test.ts'],
    playwright: ['a/c.spec.ts'],
    run: true,
  })
})

test.each([
  ['nothing', []],
  ['options, helpers and packages', ['tests/cc-ci.recipe.ts', 'tests/help.ts', 'tests/node_modules/x/x.test.ts']],
  ['a run that is not right below tests', ['tests/e2e/run', 'run', 'app.test.ts']],
  ['a file called tests', ['tests']],
])('%s is no test', (_, files) => {
  expect(findLocalTests(checkout(...files))).toBeUndefined()
})

test('a link to a test is one; one to nowhere is none', () => {
  const folder = checkout('shared.ts', 'tests/help.ts')
  symlinkSync('../shared.ts', join(folder, 'tests/linked.test.ts'))
  symlinkSync('../gone.ts', join(folder, 'tests/gone.test.ts'))
  expect(findLocalTests(folder)?.vitest).toEqual(['linked.test.ts'])
})
