import { expect, test } from 'vitest'
import { createDashboard } from '../app.ts'
import { writeSample } from '../sample/state.ts'
import { PIXEL, TestState } from '../sample/test-state.ts'
import { ANSWERS, type ApiAnswer, type ApiPath, ERROR } from './schema.ts'

const NOW = Date.parse('2026-01-30T10:15:02.000Z')

/** Asks, and holds the answer against the schema, in which nothing may be missing or too much. */
async function ask<Path extends ApiPath>(
  app: ReturnType<typeof createDashboard>,
  path: Path,
  address: string = path,
): Promise<ApiAnswer<Path>> {
  const answer = await app.request(address)
  expect(answer.status, address).toBe(200)
  expect(answer.headers.get('content-type')).toContain('application/json')
  const content = await answer.json()
  expect(ANSWERS[path].parse(content)).toEqual(content)
  return content as ApiAnswer<Path>
}

test('every address answers what the published schema says', async () => {
  using state = new TestState()
  const { red, running, quick } = writeSample(state.dir, NOW, PIXEL)
  const app = createDashboard({ stateDir: state.dir, publicUrl: 'https://ci.example.org/', clock: () => NOW })
  const { links } = await ask(app, '/api/v1')
  expect(links.recipes).toBe('https://ci.example.org/api/v1/recipes')
  const { recipes } = await ask(app, '/api/v1/recipes')
  expect(recipes.map(({ recipe, status }) => [recipe, status])).toContainEqual(['matrix-synapse', 'red'])
  expect((await ask(app, '/api/v1/recipes/{recipe}', '/api/v1/recipes/keycloak')).last[0]).toMatchObject({
    id: quick.id,
    mode: 'quick',
  })
  const run = await ask(app, '/api/v1/runs/{id}', `/api/v1/runs/${red.id}`)
  expect(run.links.card).toBe(`https://ci.example.org/runs/${red.id}/card.png`)
  const now = await ask(app, '/api/v1/runs/{id}', `/api/v1/runs/${running.id}`)
  expect(now).toMatchObject({
    status: 'running',
    estimateMs: expect.any(Number),
    step: { text: expect.stringContaining('waiting') },
  })
  const host = await ask(app, '/api/v1/host')
  expect(host.warm.map(({ kind }) => kind)).toEqual(['shared app', 'canonical'])
  expect(JSON.stringify(host)).not.toContain('not-to-be-shown')
})

test('all runs are found by going from page to page, each once', async () => {
  using state = new TestState()
  writeSample(state.dir, NOW, PIXEL)
  const app = createDashboard({ stateDir: state.dir, clock: () => NOW })
  const seen: string[] = []
  let address: string | undefined = '/api/v1/runs?recipe=n8n&limit=7'
  while (address) {
    const { runs, next }: ApiAnswer<'/api/v1/runs'> = await ask(app, '/api/v1/runs', address)
    seen.push(...runs.map(({ id }) => id))
    address = next
  }
  expect(new Set(seen).size).toBe(25)
  expect(seen).toHaveLength(25)
  expect(seen).toEqual(seen.toSorted().reverse())
  const { runs } = await ask(app, '/api/v1/runs', '/api/v1/runs?status=infrastructure')
  expect(runs.length).toBeGreaterThan(0)
  expect(new Set(runs.map(({ status }) => status))).toEqual(new Set(['infrastructure']))
})

test.each([
  ['/api/v1/runs?limit=0', 400],
  ['/api/v1/runs?limit=x', 400],
  ['/api/v1/runs?status=blue', 400],
  ['/api/v1/runs?before=nobody', 400],
  ['/api/v1/runs/nobody', 404],
  ['/api/v1/recipes/nobody', 404],
  ['/api/v1/nothing', 404],
])('%s is refused with %d and a reason', async (address, status) => {
  using state = new TestState()
  const answer = await createDashboard({ stateDir: state.dir }).request(address)
  expect(answer.status).toBe(status)
  expect(ERROR.parse(await answer.json()).error).toMatch(/\.$/)
})
