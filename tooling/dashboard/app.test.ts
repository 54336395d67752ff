import { saveRecord } from '@cc-ci/harness'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDashboard } from './app.ts'
import { sampleRecord, writeSampleRecord } from './sample/record.ts'
import { type Sample, writeSample } from './sample/state.ts'
import { PIXEL, TestState } from './sample/test-state.ts'

const NOW = Date.parse('2026-01-30T10:15:02.000Z')

/** What a person reads on a page: no tags, single spaces. */
const words = (page: string): string =>
  page
    .replace(/<(head|svg|script)[\s\S]*?<\/\1>/g, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replace(/\s+/g, ' ')

async function read(app: ReturnType<typeof createDashboard>, path: string, status = 200): Promise<string> {
  const answer = await app.request(path)
  expect(answer.status, path).toBe(status)
  return words(await answer.text())
}

describe('a host that was used for a while', () => {
  let state: TestState
  let sample: Sample
  let app: ReturnType<typeof createDashboard>
  beforeAll(() => {
    state = new TestState()
    sample = writeSample(state.dir, NOW, PIXEL)
    app = createDashboard({ stateDir: state.dir, publicUrl: 'https://ci.example.org', clock: () => NOW })
  })
  afterAll(() => state[Symbol.dispose]())

  test('the overview tells of recipes, of what runs and is warm, of alerts and of what the janitor took', async () => {
    const page = await read(app, '/')
    expect(page).toContain('6 recipes · 5 pass · 1 fail')
    expect(page).toMatch(/Now cryptpad 0\.5\.1\+v2024\.12\.0 #12 31\.0 s of about \d+\.\d s waiting for app/)
    expect(page).toMatch(/matrix-synapse 6\.2\.0\+v1\.123\.0 ✗ failed level 1 \/5/)
    expect(page).toMatch(/keycloak 10\.7\.1\+26\.4\.7 ✓ passed level 5 \/5 1 h ago ✓ passed quick/)
    expect(page).toMatch(/lasuite-docs .* ✓ passed level 5 \/5 7 h ago ! host trouble/)
    expect(page).toContain('is held: a major version')
    expect(page).toMatch(
      /keycloak 10\.7\.1\+26\.4\.7 canonical since 1 day ago , upgraded from 10\.7\.0\+26\.4\.7 by its run/,
    )
    expect(page).toMatch(/cust-91ab03_ci_localhost taken 4 h ago , 0\.6 s nobody holds its lease/)
    expect(page).not.toContain('not-to-be-shown')
  })

  test('the page of a red run tells what failed, where the evidence is, and what was in force', async () => {
    const page = await read(app, `/runs/${sample.red.id}`)
    expect(page).toContain("upgrade: fail (AssertionError: expected '' to be 'mine')")
    expect(page).toMatch(/keeps the rooms and their messages 41\.3 s AssertionError : expected '' to be 'mine'/)
    expect(page).toMatch(/backup ■ blocked upgrade failed/)
    expect(page).toContain('Deployments 2 of 3')
    expect(page).toContain('Teardown clean, 0.4 s')
    expect(page).toContain('evidence/upgrade/app.log logs upgrade: last lines of app')
    expect(page).toMatch(/health \{"path":"\/_matrix\/client\/versions".* recipe\.ts/)
    expect(page).toContain('tests/cc-ci.recipe.ts')
    expect(page).toContain('no IPVS in the kernel')
    expect(page).toContain('✗ keeps the rooms and their messages 41.3 s')
    expect(page).not.toContain("Not the recipe's doing")
  })

  test('trouble of the host, an interrupted run and a quick one are told as what they are', async () => {
    expect(await read(app, `/runs/${sample.infrastructure.id}`)).toContain("Not the recipe's doing.")
    expect(await read(app, `/runs/${sample.interrupted.id}`)).toContain('Cut off. Its process is gone')
    expect(await read(app, `/runs/${sample.quick.id}`)).toMatch(
      /Lower confidence\. .*the canonical that is kept warm \(10\.7\.1\+26\.4\.7, its snapshot of 2026-01-29/,
    )
  })

  test('the page of a run that goes on tells what it does', async () => {
    const page = await read(app, `/runs/${sample.running.id}`)
    expect(page).toMatch(/▸ running/)
    expect(page).toMatch(/waiting for app \(1 of 1 tasks starting\) for 6\.0 s/)
    expect(page).toMatch(/upgrade not yet backup not yet/)
    expect(page).toContain('· deployment 1: install')
  })

  test('the page of a recipe has its history, its versions, a drawing, and the badge for its README', async () => {
    const answer = await app.request('/recipes/matrix-synapse')
    const text = await answer.text()
    expect(text).toMatch(/How long the last 25 runs took; green ones from/)
    const page = words(text)
    expect(page).toContain('It stands by the run of 2 h ago')
    expect(page).toContain('6.1.0+v1.123.0')
    expect(page).toContain(
      '[![cc-ci](https://ci.example.org/badge/matrix-synapse.svg)](https://ci.example.org/recipes/matrix-synapse)',
    )
  })

  test('all runs are listed by page and by outcome', async () => {
    expect(await read(app, '/runs')).toMatch(/150 on this host.*page 1 of 3 older →/)
    expect(await read(app, '/runs?page=3')).toMatch(/← newer page 3 of 3/)
    for (const page of ['99', '-1', 'x', '1e9', '<script>'])
      expect(await read(app, `/runs?page=${page}`)).toMatch(/page [13] of 3/)
    expect(await read(app, '/runs?status=interrupted')).toMatch(/1 on this host.*■ interrupted n8n/)
    expect(await read(app, '/host')).toMatch(/n8n-5c22e0_ci_localhost/)
  })

  test('the record and JUnit are handed out as they stand', async () => {
    expect(await (await app.request(`/runs/${sample.red.id}/run.json`)).json()).toEqual(sample.red)
    const junit = await app.request(`/runs/${sample.red.id}/junit.xml`)
    expect(junit.headers.get('content-disposition')).toBe(`attachment; filename="${sample.red.id}-junit.xml"`)
    expect(await junit.text()).toContain('<testsuite')
  })
})

describe('a host that was just set up', () => {
  test('says what to do', async () => {
    using state = new TestState()
    const app = createDashboard({ stateDir: state.dir })
    expect(await read(app, '/')).toMatch(/No recipe has been tested here yet.*cc-ci run custom-html/)
    expect(await read(app, '/runs')).toContain('There is no such run.')
    expect(await read(app, '/host')).toContain('Nothing is kept warm.')
    expect(await read(app, '/runs/nobody', 404)).toContain('No such run')
    expect(await read(app, '/recipes/nobody', 404)).toContain(
      'cc-ci run <recipe>'.replace('<', '&lt;').replace('>', '&gt;'),
    )
    expect(await read(app, '/nothing', 404)).toContain('There is nothing at this address.')
    expect(await (await app.request('/healthz')).json()).toEqual({ ok: true })
  })

  test('shows a run from its first moment, before there is a log', async () => {
    using state = new TestState()
    const startedAt = new Date().toISOString()
    const { record, folder } = writeSampleRecord(state.dir, { recipe: 'demo', startedAt, state: 'running', stages: [] })
    const app = createDashboard({ stateDir: state.dir })
    expect(await read(app, '/')).toMatch(/demo.*running/)
    expect(await read(app, `/runs/${record.id}`)).toContain('no earlier run to go by')
    saveRecord(folder, sampleRecord({ recipe: 'demo', startedAt }))
    expect(await read(app, `/runs/${record.id}`)).toContain('✓ passed')
  })

  test('a record that cannot be read whole is handed out as it is', async () => {
    using state = new TestState()
    const record = { ...sampleRecord({ recipe: 'demo', startedAt: '2026-01-30T10:15:02.000Z' }), schemaVersion: 9 }
    state.write(`runs/${record.id}/run.json`, JSON.stringify(record))
    const app = createDashboard({ stateDir: state.dir })
    expect(await read(app, `/runs/${record.id}`)).toMatch(/written by another version of cc-ci.*run\.json/)
    expect(await (await app.request(`/runs/${record.id}/run.json`)).json()).toEqual(record)
  })
})
