import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listAlerts, loadSettings, type Settings } from '@cc-ci/harness'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { finishSweep } from './finish.ts'
import { sweepPage } from './page.ts'
import { type SweepRecord, sweepRecord } from './record.ts'
import { listSweeps, SWEEP_FILES, sweepDir } from './store.ts'
import { eventful, running } from './test-record.ts'
import { sweepLines } from './text.ts'

const plain = (_: unknown, text: string) => text

test('a night as a person reads it', () => {
  expect(sweepLines(eventful(), '/sweeps/x', plain).join('\n')).toMatchInlineSnapshot(`
    "red: 1 of 3 recipes green, 1 promoted
      sweep 20260130-030000-0a1b2c, 2026-01-30 03:00 UTC  2 min 05 s
      The sweep before, 20260129-030000-ffffff, was cut off.
      host command failed  2.0 s
      shared app keycloak: held at 10.7.1+26.4.7 (newest 11.0.0+27.0.0): a major version
      n8n 2.1.0+1.88.0  green  level 5  1 min 01 s
          promoted, from 2.0.0+1.80.0
          cc-ci show 20260130-030102-n8n-3f9a2c
      cryptpad 0.4.6+5.7.0  red  level 1  32.0 s
          upgrade: fail (UpgradeError: <script>alert("pad")</script>)
          cc-ci show 20260130-030102-cryptpad-11beef
      lasuite  failed
          it has no published version
      old is not enrolled; its canonical: removed, it was at 1.0.0+1
      records pruned: 2.0 GB of 2.0 GB; 2 removed, 2.0 GB
      snapshots within: 2.0 GB of 1.0 GB; 1.0 GB over the budget, all of which must stay
      Nobody can tell whether gone is enrolled: it cannot be fetched
      what speaks against green:
        the host command failed: exit code 1
        cryptpad 0.4.6+5.7.0 is red: upgrade: fail (UpgradeError: <script>alert("pad")</script>)
        lasuite could not be judged: it has no published version
      summary: /sweeps/x"
  `)
})

test('a sweep that was skipped says why', () => {
  const record: SweepRecord = { ...running(), state: 'skipped', skipped: ['cust-1_ci is live (run r, process 1)'] }
  expect(sweepLines(record, '/sweeps/x', plain).join('\n')).toMatchInlineSnapshot(`
    "skipped: something is going on
      sweep 20260130-030000-0a1b2c, 2026-01-30 03:00 UTC
      cust-1_ci is live (run r, process 1)
      summary: /sweeps/x"
  `)
})

describe('the page', () => {
  test('holds all that is in the text, escaped', async () => {
    const page = await sweepPage(eventful())
    for (const text of [
      '2.1.0+1.88.0',
      'promoted, from 2.0.0+1.80.0',
      'held at 10.7.1+26.4.7',
      'exit code 1',
      'removed',
    ]) {
      expect(page).toContain(text)
    }
    expect(page).not.toContain('<script>')
    expect(page).toContain('&lt;script&gt;alert(&quot;pad&quot;)&lt;/script&gt;')
  })

  test('needs no other file but those it leads to, and has both lights', async () => {
    const page = await sweepPage(eventful())
    const links = [...page.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, link]) => link)
    expect(links).toEqual([
      '../../runs/20260130-030102-n8n-3f9a2c/',
      '../../runs/20260130-030102-cryptpad-11beef/',
      'sweep.json',
      'summary.txt',
    ])
    expect(page).toContain('color-scheme: light dark')
    expect(page).not.toMatch(/url\(|@import|https?:/)
  })
})

describe('telling', () => {
  let settings: Settings
  beforeEach(async () => {
    const stateDir = mkdtempSync(join(tmpdir(), 'ccci-told-'))
    settings = await loadSettings({ env: { CCCI_STATE_DIR: stateDir }, cwd: stateDir })
  })
  afterEach(() => rmSync(settings.stateDir, { recursive: true }))

  const night = async (id: string, changes: Partial<SweepRecord>) => {
    const record = { ...eventful(), id, ...changes }
    await finishSweep(settings, record)
    return record
  }
  const green = { verdict: 'green', problems: [], recipes: [], reconciled: [], budgets: [], removed: [] } as const

  test('a red sweep raises one alert, which leads to the summary, and the three files are there', async () => {
    const record = await night('1', {})
    const alerts = listAlerts(settings.stateDir)
    expect(alerts).toHaveLength(1)
    const folder = sweepDir(settings.stateDir, '1')
    expect(alerts[0]).toMatchObject({ id: record.alert, evidence: join(folder, SWEEP_FILES.text) })
    expect(alerts[0]?.title).toBe('The sweep of ci is red: 1 of 3 recipes green, 1 promoted')
    expect(listSweeps(settings.stateDir)).toEqual([sweepRecord.parse(record)])
    const text = readFileSync(join(folder, SWEEP_FILES.text), 'utf8')
    expect(text).toContain(`alert ${record.alert}`)
    expect(readFileSync(join(folder, SWEEP_FILES.page), 'utf8')).toContain('cryptpad')
  })

  test('the same is not told twice, until a whole sweep was green', async () => {
    await night('1', {})
    expect((await night('2', {})).alert).toBeUndefined()
    // Green, but of a few only: that says nothing of the others.
    await night('3', { ...green, hostCommand: undefined, limitedTo: ['n8n'] } as never)
    expect((await night('4', {})).alert).toBeUndefined()
    await night('5', { ...green, hostCommand: undefined } as never)
    expect((await night('6', {})).alert).toBeDefined()
    expect(listAlerts(settings.stateDir)).toHaveLength(2)
  })

  test('something else is told at once', async () => {
    await night('1', {})
    const [one, other] = eventful().recipes
    expect((await night('2', { recipes: [one, { ...other, version: '0.5.0+6' }] as never })).alert).toBeDefined()
  })

  test('neither a skipped sweep nor an interrupted one raises any', async () => {
    await night('1', { state: 'skipped', verdict: undefined, skipped: ['x'] } as never)
    await night('2', { state: 'interrupted', verdict: 'interrupted' })
    expect(listAlerts(settings.stateDir)).toEqual([])
  })
})
