import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sampleStages, writeSampleRecord } from './record.ts'
import type { TestState } from './test-state.ts'

export const startedAt = '2026-01-30T10:15:02.000Z'

/** What would do something if it were ever taken for markup. */
export const SCRIPT = `"'><script>alert(1)</script><img src=x onerror=alert(1)>`

/** A run in which everything that somebody else can write is an attack. */
export function attack(state: TestState) {
  const { folder, record } = writeSampleRecord(state.dir, {
    recipe: `evil${SCRIPT}`,
    startedAt,
    version: `1.0${SCRIPT}`,
    base: SCRIPT,
    ref: SCRIPT,
    pr: SCRIPT,
    commit: SCRIPT,
    host: SCRIPT,
    verdict: 'red',
    blame: 'recipe',
    problems: [SCRIPT],
    warnings: [SCRIPT],
    quirks: [SCRIPT],
    unproven: [SCRIPT],
    kept: { until: startedAt, url: 'javascript:alert(1)', stack: SCRIPT },
    customisation: { [SCRIPT]: SCRIPT },
    customisationFrom: { [SCRIPT]: SCRIPT },
    steps: [{ text: SCRIPT, kind: 'step', at: startedAt, durationMs: 1 }],
    teardown: { clean: false, left: [SCRIPT], durationMs: 1 },
    evidence: [
      { kind: 'screenshot', file: `a${SCRIPT}.png`, caption: SCRIPT },
      { kind: 'logs', file: 'page.html', caption: SCRIPT },
      { kind: 'logs', file: '../../../outside.txt', caption: 'out' },
      { kind: 'logs', file: 'link.txt', caption: 'link' },
    ],
    stages: sampleStages({
      install: {
        outcome: 'fail',
        reason: SCRIPT,
        details: [SCRIPT],
        tests: [
          {
            name: SCRIPT,
            outcome: 'fail',
            reason: SCRIPT,
            durationMs: 1,
            error: { name: SCRIPT, message: `${SCRIPT}\u001b]8;;javascript:alert(1)\u0007x`, place: SCRIPT },
          },
        ],
      },
      lint: {
        rules: [
          {
            id: SCRIPT,
            level: 'error',
            title: SCRIPT,
            outcome: 'findings',
            findings: [{ what: SCRIPT, todo: SCRIPT, file: SCRIPT }],
          },
        ],
      },
    }),
  })
  writeFileSync(join(folder, 'output.log'), `${SCRIPT}\n\u001b[31m${SCRIPT}\u001b[0m\n`)
  writeFileSync(join(folder, 'page.html'), SCRIPT)
  writeFileSync(join(folder, 'links.json'), JSON.stringify({ pull: 'javascript:alert(1)', build: 'data:text/html,x' }))
  state.write('outside.txt', 'secret')
  symlinkSync(join(state.dir, 'outside.txt'), join(folder, 'link.txt'))
  state.write(
    'janitor.jsonl',
    `${JSON.stringify({ at: startedAt, stack: SCRIPT, why: SCRIPT, runIds: [SCRIPT], things: [SCRIPT], outcome: SCRIPT })}\n`,
  )
  state.write(
    'alerts/1.json',
    JSON.stringify({
      id: SCRIPT,
      time: startedAt,
      subject: SCRIPT,
      text: SCRIPT,
      cause: SCRIPT,
      attempted: SCRIPT,
      lastGood: SCRIPT,
    }),
  )
  state.write(
    'warm/evil/canonical.json',
    JSON.stringify({
      recipe: SCRIPT,
      version: SCRIPT,
      made: { how: SCRIPT, from: SCRIPT, runId: SCRIPT, at: startedAt },
    }),
  )
  return { folder, record }
}
