import { expect, test } from 'vitest'
import { createDashboard } from './app.ts'
import { writeSampleRecord } from './sample/record.ts'
import { TestState } from './sample/test-state.ts'

const startedAt = '2026-01-30T10:15:02.000Z'

test('a badge says how a recipe stands, and how far it climbed', async () => {
  using state = new TestState()
  const app = createDashboard({ stateDir: state.dir })
  const shown = async (path: string) => /aria-label="([^"]*)"/.exec(await (await app.request(path)).text())?.[1]
  expect(await shown('/badge/demo.svg')).toBe('cc-ci: unknown')
  expect(await shown('/badge/demo/level.svg')).toBe('cc-ci level: unknown')
  writeSampleRecord(state.dir, { recipe: 'demo', startedAt })
  expect(await shown('/badge/demo.svg')).toBe('cc-ci: passing')
  expect(await shown('/badge/demo/level.svg')).toBe('cc-ci level: 5 of 5')
  const red = { recipe: 'demo', startedAt: '2026-01-30T11:15:02.000Z', verdict: 'red', level: 1 } as const
  writeSampleRecord(state.dir, { ...red, blame: 'infrastructure' })
  expect(await shown('/badge/demo.svg'), 'not the doing of the recipe').toBe('cc-ci: passing')
  writeSampleRecord(state.dir, { ...red, blame: 'recipe', pr: '7', startedAt: '2026-01-30T12:15:02.000Z' })
  expect(await shown('/badge/demo.svg'), 'of a pull request').toBe('cc-ci: passing')
  writeSampleRecord(state.dir, { ...red, blame: 'recipe', startedAt: '2026-01-30T13:15:02.000Z' })
  expect(await shown('/badge/demo.svg')).toBe('cc-ci: failing')
  expect(await shown('/badge/demo/level.svg')).toBe('cc-ci level: 1 of 5')
  writeSampleRecord(state.dir, { recipe: 'other', startedAt, mode: 'quick' })
  expect(await shown('/badge/other.svg')).toBe('cc-ci: passing (quick)')
})

test('whoever keeps a badge asks each time whether it still holds, and is told in a few bytes', async () => {
  using state = new TestState()
  writeSampleRecord(state.dir, { recipe: 'demo', startedAt })
  const app = createDashboard({ stateDir: state.dir })
  const first = await app.request('/badge/demo.svg')
  expect(first.headers.get('cache-control')).toMatch(/no-cache.*must-revalidate/)
  expect(first.headers.get('content-type')).toBe('image/svg+xml; charset=utf-8')
  expect(first.headers.get('cross-origin-resource-policy')).toBe('cross-origin')
  const etag = first.headers.get('etag') ?? ''
  const again = await app.request('/badge/demo.svg', { headers: { 'if-none-match': `W/${etag}` } })
  expect(again.status).toBe(304)
  expect(await again.text()).toBe('')
  writeSampleRecord(state.dir, {
    recipe: 'demo',
    startedAt: '2026-01-30T13:15:02.000Z',
    verdict: 'red',
    blame: 'recipe',
  })
  expect((await app.request('/badge/demo.svg', { headers: { 'if-none-match': etag } })).status).toBe(200)
})

test('there are no other badges', async () => {
  using state = new TestState()
  const app = createDashboard({ stateDir: state.dir })
  for (const path of ['/badge/demo', '/badge/a/b.svg', '/badge/a/b/level.svg', '/badge/']) {
    expect((await app.request(path)).status, path).toBe(404)
  }
})
