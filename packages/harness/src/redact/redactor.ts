import { Transform } from 'node:stream'
import { Chunker } from './chunker.ts'
import { redactDeep } from './deep.ts'
import { formsOf, secretOf } from './forms.ts'
import { Matcher } from './matcher.ts'

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')

/** A chunker for bytes, whatever text or not they are. */
export interface ByteChunker {
  /** True while something is held back. */
  readonly holding: boolean
  /** True once something was masked. */
  readonly found: boolean
  push(chunk: Uint8Array): Buffer
  flush(): Buffer
}

/**
 * Knows the secrets of this process and takes them out of whatever leaves it: each form of a value (see `formsOf`) becomes
 * `***`, also when colours stand in it, when a base64 form is broken over lines, and when the rest of it was cut off. A
 * value counts from the moment it is learned, also in streams that are open then.
 *
 * Cut a text after it was filtered, not before: of a secret whose beginning is cut off, nothing is recognised.
 */
export class Redactor {
  readonly #secrets = new Set<string>()
  readonly #listeners = new Set<(secret: string) => void>()
  readonly #characters = new Matcher()
  readonly #bytes = new Matcher()

  /**
   * From now on `value` is a secret. False when it is too short to be one (fewer than 4 characters without the blanks
   * around it): then it is not filtered, and whoever made it should say so.
   */
  learn(value: string): boolean {
    const secret = secretOf(value)
    if (secret === undefined) return false
    if (this.#secrets.has(secret)) return true
    this.#secrets.add(secret)
    for (const form of formsOf(secret)) {
      this.#characters.add(form)
      this.#bytes.add(latin1(Buffer.from(form)))
    }
    this.#bytes.add(latin1(Buffer.from(secret, 'utf16le')))
    for (const listener of this.#listeners) listener(secret)
    return true
  }

  /** The values known so far, to hand them to another process (through a private file, never on a command line). */
  values(): string[] {
    return [...this.#secrets]
  }

  /** Calls `listener` with each value learned from now on, until the returned function is called. */
  onLearn(listener: (secret: string) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** The text without secrets. */
  text(text: string): string {
    return this.chunker().flush(text)
  }

  /** The bytes without secrets, in UTF-8 or in UTF-16; the same object when there are none. */
  bytes(bytes: Buffer): Buffer
  bytes(bytes: Uint8Array): Uint8Array
  bytes(bytes: Uint8Array): Uint8Array {
    const chunker = new Chunker(this.#bytes)
    const clean = chunker.flush(latin1(bytes))
    return chunker.found ? Buffer.from(clean, 'latin1') : bytes
  }

  /**
   * Plain data without secrets: every string in it, keys too, in arrays, Maps, Sets, errors and buffers; cycles are kept.
   * The same object when nothing had to change, a copy otherwise. Numbers stay as they are.
   */
  deep<T>(value: T): T {
    return redactDeep(value, { text: (text) => this.text(text), bytes: (bytes) => this.bytes(bytes) }) as T
  }

  /** For a text that comes in pieces. */
  chunker(): Chunker {
    return new Chunker(this.#characters)
  }

  /** For bytes that come in pieces: what is no secret comes out byte for byte, characters cut in two included. */
  byteChunker(): ByteChunker {
    const chunker = new Chunker(this.#bytes)
    return {
      get holding() {
        return chunker.holding
      },
      get found() {
        return chunker.found
      },
      push: (chunk) => Buffer.from(chunker.push(latin1(chunk)), 'latin1'),
      flush: () => Buffer.from(chunker.flush(), 'latin1'),
    }
  }

  /** A stream that lets everything through but secrets; what it holds back comes at its end, see `Chunker.push`. */
  stream(): Transform {
    const chunker = this.byteChunker()
    return new Transform({
      transform(chunk: Buffer, _encoding, done) {
        done(null, chunker.push(chunk))
      },
      flush(done) {
        done(null, chunker.flush())
      },
    })
  }
}
