import { spawnSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { saveRecord } from '@cc-ci/harness'
import { expect, test, vi } from 'vitest'
import { createDashboard } from '../app.ts'
import { Cards } from '../card/cards.ts'
import { RunIndex } from '../index/run-index.ts'
import { runRoutes } from '../run-routes.ts'
import { sampleRecord, writeSampleRecord } from '../sample/record.ts'
import { TestState } from '../sample/test-state.ts'
import { hostLook } from '../state/host.ts'
import { startOf } from './stream.ts'
import { LogTails } from './tail.ts'

const going = { recipe: 'demo', startedAt: '2026-01-30T10:15:02.000Z', state: 'running' } as const

interface Message {
  event: string
  data: string
  id: string
}

/** The messages of a stream as they come. */
async function* messages(answer: Response): AsyncGenerator<Message> {
  let text = ''
  for await (const piece of (answer.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
    text += piece
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const fields = text
        .slice(0, end)
        .split('\n')
        .map((line) => line.split(/: (.*)/s) as [string, string])
      text = text.slice(end + 2)
      const { event = '', data = '', id = '' } = Object.fromEntries(fields)
      if (event) yield { event, data, id }
    }
  }
}

async function next(stream: AsyncGenerator<Message>, event: string): Promise<Message> {
  for (;;) {
    const { value } = await stream.next()
    if (!value) throw new Error(`the stream ended without ${event}`)
    if (value.event === event) return value
  }
}

test('lines come as they are written, each once, and the end after the last', async () => {
  using state = new TestState()
  const { folder, record } = writeSampleRecord(state.dir, going)
  const log = join(folder, 'output.log')
  appendFileSync(log, 'one\n')
  const app = createDashboard({ stateDir: state.dir })
  const answer = await app.request(`/runs/${record.id}/stream`)
  expect(answer.headers.get('content-type')).toBe('text/event-stream')
  expect(answer.headers.get('x-accel-buffering')).toBe('no')
  const stream = messages(answer)
  expect(JSON.parse((await next(stream, 'lines')).data)).toEqual(['one'])
  appendFileSync(log, 'two\nthr')
  const two = await next(stream, 'lines')
  expect(JSON.parse(two.data)).toEqual(['two'])
  expect(two.id).toBe('8')
  appendFileSync(log, 'ee <b>\u001b[31mred')
  const { pid } = spawnSync('true')
  saveRecord(folder, sampleRecord({ ...going, state: 'finished', pid }))
  expect(JSON.parse((await next(stream, 'lines')).data)).toEqual([
    [
      ['', 'three <b>'],
      ['fg-red', 'red'],
    ],
  ])
  await next(stream, 'end')
  expect((await stream.next()).done).toBe(true)
})

test('what a run still shows when its record says that it has ended is not lost', async () => {
  using state = new TestState()
  const { folder, record } = writeSampleRecord(state.dir, going)
  const log = join(folder, 'output.log')
  appendFileSync(log, 'one\n')
  const stream = messages(await createDashboard({ stateDir: state.dir }).request(`/runs/${record.id}/stream`))
  await next(stream, 'lines')
  // Its process is this one, which is there.
  saveRecord(folder, sampleRecord({ ...going, state: 'finished' }))
  await next(stream, 'changed')
  appendFileSync(log, 'the summary\n')
  expect(JSON.parse((await next(stream, 'lines')).data)).toEqual(['the summary'])
  await next(stream, 'end')
})

test('who comes back gets what came meanwhile, and nothing twice', async () => {
  using state = new TestState()
  const { folder, record } = writeSampleRecord(state.dir, going)
  const log = join(folder, 'output.log')
  appendFileSync(log, 'one\ntwo\n')
  const app = createDashboard({ stateDir: state.dir })
  const first = messages(await app.request(`/runs/${record.id}/stream?from=0`))
  const { id } = await next(first, 'lines')
  await first.return(undefined)
  appendFileSync(log, 'three\nfour\n')
  const again = messages(await app.request(`/runs/${record.id}/stream?from=0`, { headers: { 'last-event-id': id } }))
  expect(JSON.parse((await next(again, 'lines')).data)).toEqual(['three', 'four'])
  await again.return(undefined)
})

test('a page is told when there is more to show than lines', async () => {
  using state = new TestState()
  const { folder, record } = writeSampleRecord(state.dir, going)
  const stream = messages(await createDashboard({ stateDir: state.dir }).request(`/runs/${record.id}/stream`))
  await next(stream, 'begin')
  appendFileSync(join(folder, 'journal.jsonl'), `${JSON.stringify({ at: 1, event: 'step', text: 'waiting' })}\n`)
  await next(stream, 'changed')
  await stream.return(undefined)
})

test('who only asks whether there is a stream, or goes away, leaves nothing open', async () => {
  using state = new TestState()
  const { record } = writeSampleRecord(state.dir, going)
  const tails = new LogTails()
  const index = new RunIndex(state.dir)
  await index.refresh()
  const sources = { stateDir: state.dir, index, tails, host: hostLook(state.dir), base: '', clock: Date.now }
  const app = runRoutes(sources, new Cards(state.dir, '/none'))
  const head = await app.request(`/${record.id}/stream`, { method: 'HEAD' })
  expect([head.status, await head.text(), tails.watchers]).toEqual([200, '', 0])
  const stream = messages(await app.request(`/${record.id}/stream`))
  await next(stream, 'begin')
  expect(tails.watchers).toBe(1)
  await stream.return(undefined)
  await vi.waitFor(() => expect(tails.watchers).toBe(0), { timeout: 5_000 })
})

test.each([
  ['12', '3', 12],
  [undefined, '3', 3],
  ['-1', '3', 3],
  ['1e9', undefined, 0],
  ['99999999999999999999', '0x10', 0],
])('a stream asked for from %s or %s begins at %d', (header, query, start) => {
  expect(startOf(header, query, 0)).toBe(start)
})
