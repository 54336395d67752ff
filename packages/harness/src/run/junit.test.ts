import { expect, test } from 'vitest'
import { assembleRecord } from './assemble.ts'
import { junitXml } from './junit.ts'

const xml = junitXml(
  assembleRecord({
    id: 'run-1',
    recipe: 'custom-html',
    state: 'finished',
    startedAt: Date.UTC(2026, 0, 30),
    endedAt: Date.UTC(2026, 0, 30),
    tests: [
      { name: 'serves <its> page', stage: 'install', state: 'passed', durationMs: 1200, errors: [] },
      {
        name: 'keeps the site',
        stage: 'upgrade',
        state: 'failed',
        durationMs: 1,
        errors: [{ name: 'AssertionError', message: '\u001b[31mred & lost\u001b[39m' }],
      },
      {
        name: 'comes back',
        stage: 'backup',
        state: 'skipped',
        note: 'blocked: upgrade failed',
        durationMs: 0,
        errors: [],
      },
    ],
    fileErrors: [],
    unhandledErrors: [],
    journal: [],
  }),
)

test('JUnit has a suite per stage, with failures as failures and blocked tests as errors, never as skips', () => {
  expect(xml).toContain('<testsuite name="install"')
  expect(xml).toContain('name="serves &lt;its> page" time="1.2"/>')
  expect(xml).toMatch(/name="keeps the site"[^>]*>\s*<failure message="AssertionError: red &amp; lost"/)
  expect(xml).toMatch(/name="comes back"[^>]*>\s*<error message="upgrade failed" type="blocked"/)
  expect(xml.match(/<skipped/g), 'only custom, which does not apply').toHaveLength(1)
})

test('JUnit says the verdict of the whole run as a case of its own', () => {
  expect(xml).toMatch(/name="verdict: red"[^>]*>\s*<error message="red"/)
  expect(xml).toContain('backup: blocked (upgrade failed)')
})

test('JUnit holds no character that XML cannot', () => {
  expect(xml).not.toContain('\u001b')
})
