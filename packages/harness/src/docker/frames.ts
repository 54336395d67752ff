import type { Readable } from 'node:stream'

const HEADER_BYTES = 8
const STDERR = 2

/**
 * Reads a stream of a container without a terminal to its end. Docker sends stdout and stderr in frames: one byte for the
 * stream, three of padding, four for the length, then the text.
 *
 * @throws whatever the stream fails with; `bytes` are kept of each stream at most (the last ones).
 */
export async function readFrames(stream: Readable, bytes = 256 * 2 ** 20): Promise<{ stdout: string; stderr: string }> {
  const kept = { stdout: new Tail(bytes), stderr: new Tail(bytes) }
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of stream) {
    rest = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer])
    let at = 0
    while (rest.length - at >= HEADER_BYTES) {
      const size = rest.readUInt32BE(at + 4)
      if (rest.length - at < HEADER_BYTES + size) break
      const text = rest.subarray(at + HEADER_BYTES, at + HEADER_BYTES + size)
      kept[rest[at] === STDERR ? 'stderr' : 'stdout'].push(text)
      at += HEADER_BYTES + size
    }
    rest = rest.subarray(at)
  }
  return { stdout: kept.stdout.toString(), stderr: kept.stderr.toString() }
}

/** The last so many bytes of what was pushed. */
class Tail {
  readonly #limit: number
  #parts: Buffer[] = []
  #size = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  push(part: Buffer): void {
    this.#parts.push(part)
    this.#size += part.length
    if (this.#size <= 2 * this.#limit) return
    this.#parts = [this.#bytes()]
    this.#size = this.#limit
  }

  #bytes(): Buffer {
    const all = Buffer.concat(this.#parts)
    return all.length > this.#limit ? Buffer.from(all.subarray(all.length - this.#limit)) : all
  }

  toString(): string {
    return this.#bytes().toString('utf8')
  }
}
