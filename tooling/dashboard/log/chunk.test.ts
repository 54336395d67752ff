import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { TestState } from '../sample/test-state.ts'
import { CHUNK, readChunk, readEnd } from './chunk.ts'

/** All lines of a file, a chunk at a time. */
async function readAll(file: string, ended: boolean): Promise<{ text: string; end: number }> {
  let end = 0
  const lines: string[] = []
  for (let chunk = await readChunk(file, 0, ended); chunk; chunk = await readChunk(file, end, ended)) {
    expect(chunk.start).toBe(end)
    end = chunk.end
    lines.push(...chunk.lines.map(String))
  }
  return { text: lines.join('\n'), end }
}

test('a log is read in whole lines, whatever the size of its pieces', async () => {
  using state = new TestState()
  const lines = Array.from({ length: 9_000 }, (_, at) => `${at} ${'größer '.repeat(at % 9)}`)
  const file = state.write('log', `${lines.join('\n')}\n`)
  expect((await readAll(file, false)).text).toBe(lines.join('\n'))
})

test('a line that is not ended waits until it is, or until the run has ended', async () => {
  using state = new TestState()
  const file = state.write('log', 'one\ntwo')
  expect(await readChunk(file, 0, false)).toEqual({ start: 0, end: 4, lines: ['one'] })
  expect(await readChunk(file, 4, false)).toBeUndefined()
  expect(await readChunk(file, 4, true)).toEqual({ start: 4, end: 7, lines: ['two'] })
  appendFileSync(file, ' more\n')
  expect((await readChunk(file, 4, false))?.lines).toEqual(['two more'])
  expect(await readChunk(join(state.dir, 'none'), 0, true)).toBeUndefined()
})

test('a line longer than a chunk is cut between characters and comes whole', async () => {
  using state = new TestState()
  const long = 'ü€😀'.repeat(CHUNK / 4)
  const file = state.write('log', `${long}\nend\n`)
  let at = 0
  let bytes = 0
  for (let chunk = await readChunk(file, 0, false); chunk; chunk = await readChunk(file, at, false)) {
    for (const line of chunk.lines) expect(line).not.toContain('\ufffd')
    bytes += chunk.end - chunk.start
    at = chunk.end
  }
  expect(bytes).toBe(Buffer.byteLength(`${long}\nend\n`))
})

test('the end of a log is its last whole lines, and where the next ones begin', async () => {
  using state = new TestState()
  const file = state.write('log', `${Array.from({ length: 30_000 }, (_, at) => `line ${at}`).join('\n')}\nhalf`)
  const { lines, start, end, size } = await readEnd(file, 5, false)
  expect(lines).toEqual([29_995, 29_996, 29_997, 29_998, 29_999].map((at) => `line ${at}`))
  expect(size - end).toBe('half'.length)
  expect(size - start).toBeLessThanOrEqual(CHUNK)
  expect((await readEnd(file, 1, true)).lines).toEqual(['half'])
  expect(await readEnd(join(state.dir, 'none'), 5, true)).toMatchObject({ lines: [], size: 0 })
})
