import { isUtf8 } from 'node:buffer'
import type { Redactor } from './redactor.ts'

type Done = (error?: Error | null) => void
type Write = (chunk: string | Uint8Array, ...rest: unknown[]) => boolean

interface Output {
  write: Write
  end: (...args: unknown[]) => unknown
}

/** What stands between a stream and those who write to it. */
export interface StreamGuard {
  /** Gives out what is held back; from now on nothing is held back any more. */
  finish(): void
  /** Takes the guard away, or lets everything through where another one stands on top of it. */
  restore(): void
}

const isChunk = (value: unknown): value is string | Uint8Array =>
  typeof value === 'string' || value instanceof Uint8Array

/** Text stays text, where what is held back lets it: some that stand in for a stream tell the two apart. */
const asGiven = (bytes: Buffer, text: boolean): string | Buffer => (text && isUtf8(bytes) ? bytes.toString() : bytes)

/** Filters all that is written to `stream`; callbacks are called and back-pressure is told as before. */
export function guardStream(redactor: Redactor, stream: NodeJS.WriteStream): StreamGuard {
  const output = stream as unknown as Output
  const { write, end } = output
  const chunker = redactor.byteChunker()
  let active = true
  let ending = false

  const guardedWrite: Write = (chunk, ...rest) => {
    if (!active || !isChunk(chunk)) return write.call(stream, chunk, ...rest)
    const encoding = rest.find((each): each is BufferEncoding => typeof each === 'string')
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
    const clean = Buffer.concat(ending ? [chunker.push(bytes), chunker.flush()] : [chunker.push(bytes)])
    // Without the encoding: some that stand in for a stream take the callback in its place.
    const done = rest.filter((each): each is Done => typeof each === 'function')
    return write.call(stream, asGiven(clean, typeof chunk === 'string'), ...done)
  }
  const finish = () => {
    ending = true
    if (active && chunker.holding) write.call(stream, asGiven(chunker.flush(), true))
  }
  const guardedEnd = (...args: unknown[]): unknown => {
    if (!active) return end.apply(stream, args)
    const [chunk, encoding] = args
    if (isChunk(chunk)) guardedWrite(chunk, encoding)
    finish()
    return end.apply(
      stream,
      args.filter((each) => typeof each === 'function'),
    )
  }
  output.write = guardedWrite
  output.end = guardedEnd
  return {
    finish,
    restore() {
      finish()
      active = false
      if (output.write === guardedWrite) output.write = write
      if (output.end === guardedEnd) output.end = end
    },
  }
}
