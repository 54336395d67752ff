import type { Context } from 'hono'
import { streamSSE } from 'hono/streaming'
import type { LogTails, RunState } from './tail.ts'

/** Something is sent this often at least (ms), so that whatever stands between does not take the silence for the end. */
const PING_MS = 15_000

/** A browser that lost the connection comes back after this (ms). */
const COME_BACK_MS = 1_000

/** What a stream tells of. */
export interface StreamedRun {
  log: string
  look: () => Promise<RunState>
  /** Where to begin, in bytes. */
  from: number
}

/** Where a browser left off; the header wins, since a browser that comes back asks for the same address. */
export function startOf(header: string | undefined, query: string | undefined, otherwise: number): number {
  for (const text of [header, query]) {
    if (text !== undefined && /^\d{1,15}$/.test(text)) return Number(text)
  }
  return otherwise
}

/**
 * A run as server-sent events: `lines` (JSON, a list of lines; the id is the place in the log after them), `changed` when the
 * page has more to show, `end` when the run has ended and all lines were sent.
 */
export function streamRun(context: Context, tails: LogTails, { log, look, from }: StreamedRun): Response {
  // A reverse proxy would gather what is meant to be seen at once.
  context.header('X-Accel-Buffering', 'no')
  context.header('Cache-Control', 'no-store')
  return streamSSE(context, async (stream) => {
    const tail = tails.take(log, look)
    let gone = false
    stream.onAbort(() => {
      gone = true
    })
    try {
      let place = from
      let seen = (await tail.state()).stamp
      let spoke = Date.now()
      const tell = async (event: string, data: string) => {
        spoke = Date.now()
        await stream.writeSSE({ event, data, id: String(place) })
      }
      await stream.writeSSE({ event: 'begin', data: '', id: String(place), retry: COME_BACK_MS })
      while (!gone) {
        const { beat } = tail
        // Asked before the log is read: what was written until the end is then sure to be there.
        const { ended, stamp } = await tail.state()
        for (let chunk = await tail.read(place, ended); chunk && !gone; chunk = await tail.read(place, ended)) {
          place = chunk.end
          await tell('lines', chunk.json)
        }
        if (ended) return await tell('end', '')
        if (stamp !== seen) {
          seen = stamp
          await tell('changed', '')
        }
        if (Date.now() - spoke > PING_MS) {
          spoke = Date.now()
          await stream.write(': still here\n\n')
        }
        await tail.after(beat)
      }
    } finally {
      tails.give(tail)
    }
  })
}
