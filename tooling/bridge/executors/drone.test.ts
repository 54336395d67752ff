import { afterEach, beforeEach, expect, test } from 'vitest'
import { DroneStandIn } from '../test/drone-stand-in/drone-stand-in.ts'
import { DroneExecutor } from './drone.ts'
import { ExecutorAwayError, NothingToRunError } from './executor.ts'

const TOKEN = 'f'.repeat(32)
const REPOSITORY = 'ci/cc-ci'
const PARAMS = {
  RECIPE: 'custom-html',
  PR: '7',
  REF: 'refs/pull/7/head',
  SHA: 'b'.repeat(40),
  QUICK: '0',
  RUN_ID: '20260130-101502-custom-html-3f9a2c',
} as const

let drone: DroneStandIn
beforeEach(async () => {
  drone = await new DroneStandIn(REPOSITORY).start()
  drone.accounts.set(TOKEN, { login: 'ci-bot', right: 'write', active: true })
})
afterEach(() => drone[Symbol.asyncDispose]())

const executor = (options: { token?: string; repository?: string; postMs?: number } = {}) =>
  new DroneExecutor(
    { kind: 'drone', url: drone.url, tokenFile: '', repository: options.repository ?? REPOSITORY, branch: 'main' },
    options.token ?? TOKEN,
    options.postMs,
  )

test('a run is a build of the branch with exactly these parameters, and its page is the link', async () => {
  const triggered = await executor().create(PARAMS)
  expect(triggered).toEqual({ ref: '1', link: `${drone.url}/${REPOSITORY}/1` })
  expect(drone.builds).toMatchObject([{ branch: 'main', params: PARAMS }])
  expect(await executor().find(PARAMS.RUN_ID)).toEqual(triggered)
})

test('200 with null is nothing to run, and says what to look at', async () => {
  drone.nothingToRun = true
  await expect(executor().create(PARAMS)).rejects.toThrow(NothingToRunError)
  await expect(executor().create(PARAMS)).rejects.toThrow(/null[\s\S]*recipe pipeline, with the event custom/)
})

test('after an answer that never came, the build is found although it was made later', async () => {
  const reading = Promise.withResolvers<'read'>()
  drone.readingYaml = () => reading.promise
  const hasty = executor({ postMs: 50 })
  const error = await hasty.create(PARAMS).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(ExecutorAwayError)
  expect((error as ExecutorAwayError).perhapsDone).toBe(true)
  expect(await hasty.find(PARAMS.RUN_ID)).toBeUndefined()
  reading.resolve('read')
  await expect.poll(() => hasty.find(PARAMS.RUN_ID)).toMatchObject({ ref: '1' })
})

test('a 500 has created nothing', async () => {
  drone.readingYaml = async () => 'failed'
  await expect(executor().create(PARAMS)).rejects.toMatchObject({ name: 'ExecutorAwayError', perhapsDone: false })
  expect(drone.builds).toEqual([])
})

test('a server that is not there has created nothing', async () => {
  const there = executor()
  await drone[Symbol.asyncDispose]()
  await expect(there.create(PARAMS)).rejects.toMatchObject({ name: 'ExecutorAwayError', perhapsDone: false })
  await expect(there.find(PARAMS.RUN_ID)).rejects.toThrow(ExecutorAwayError)
  await drone.start()
})

test.each([
  ['an unknown token', '401', { token: 'e'.repeat(32) }],
  ['another repository', '404', { repository: 'ci/other' }],
])('%s is refused with what to do', async (_, status, options) => {
  await expect(executor(options).create(PARAMS)).rejects.toThrow(new RegExp(`${status}[\\s\\S]*machine account`))
  expect(drone.builds).toEqual([])
})

test('an account without the right is told 404, one that is inactive 403', async () => {
  drone.accounts.set(TOKEN, { login: 'ci-bot', right: 'read', active: true })
  await expect(executor().create(PARAMS)).rejects.toThrow(/404/)
  drone.accounts.set(TOKEN, { login: 'ci-bot', right: 'write', active: false })
  await expect(executor().create(PARAMS)).rejects.toThrow(/403/)
})

test.each([
  ['pending', { state: 'waiting' }],
  ['blocked', { state: 'waiting' }],
  ['waiting_on_dependencies', { state: 'waiting' }],
  ['running', { state: 'running' }],
  ['success', { state: 'ended', end: { result: 'success' } }],
  ['failure', { state: 'ended', end: { result: 'failure' } }],
  ['killed', { state: 'ended', end: { result: 'killed' } }],
  ['skipped', { state: 'ended', end: { result: 'error' } }],
  ['declined', { state: 'ended', end: { result: 'error' } }],
] as const)('a build that is %s is told so', async (status, sight) => {
  await executor().create(PARAMS)
  drone.turn(1, status)
  expect(await executor().look('1')).toMatchObject(sight)
})

test("a build's own error is what is told", async () => {
  await executor().create(PARAMS)
  drone.turn(1, 'error', 'yaml: line 3: did not find expected key')
  expect(await executor().look('1')).toEqual({
    state: 'ended',
    end: { result: 'error', detail: 'yaml: line 3: did not find expected key' },
  })
})

test('a status that nobody knows goes on', async () => {
  await executor().create(PARAMS)
  drone.turn(1, 'on holiday' as never)
  expect(await executor().look('1')).toEqual({ state: 'waiting' })
})

test('cancelling kills a build, and leaves one that has ended as it is', async () => {
  await executor().create(PARAMS)
  await executor().cancel('1')
  expect(drone.builds[0]?.status).toBe('killed')
  await executor().create({ ...PARAMS, RUN_ID: '20260130-101502-custom-html-000000' })
  drone.turn(2, 'success')
  await executor().cancel('2')
  expect(drone.builds[1]?.status).toBe('success')
})

test('a run is found among many others', async () => {
  await executor().create(PARAMS)
  for (let other = 0; other < 130; other += 1) {
    await executor().create({ ...PARAMS, RUN_ID: `20260130-101502-custom-html-${String(other).padStart(6, '0')}` })
  }
  expect(await executor().find(PARAMS.RUN_ID)).toMatchObject({ ref: '1' })
  expect(await executor().find('20260130-101502-custom-html-ffffff')).toBeUndefined()
})

test('the stand-in itself keeps logs back until a step has ended, and restarts under a new number', async () => {
  await executor().create(PARAMS)
  const ask = (path: string, method = 'GET') =>
    fetch(`${drone.url}/api/repos/${REPOSITORY}/builds${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKEN}` },
    })
  expect((await ask('/1/logs/1/2')).status).toBe(404)
  drone.turn(1, 'failure')
  expect(await (await ask('/1/logs/1/2')).json()).toEqual([{ pos: 0, out: '+ echo\n', time: 0 }])
  expect(await (await ask('/1?RECIPE=other&MORE=1', 'POST')).json()).toMatchObject({
    number: 2,
    parent: 1,
    params: { ...PARAMS, MORE: '1' },
  })
  expect((await ask('?per_page=1000').then((answer) => answer.json())) as unknown[]).toHaveLength(2)
})
