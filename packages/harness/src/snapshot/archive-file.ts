import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'

const BUFFER_BYTES = 2 ** 20

/** How much is written before the disk is told to begin: at the end there is little left to wait for. */
const SYNC_BYTES = 32 * 2 ** 20

/** What stands on the disk. */
export interface Written {
  /** Bytes. */
  size: number
  sha256: string
}

/** An archive on its way to the disk: hashed as it comes, in two buffers, of which one is filled while the other is written. */
export class ArchiveFile implements AsyncDisposable {
  readonly #handle: FileHandle
  readonly #hash = createHash('sha256')
  #filling = Buffer.allocUnsafe(BUFFER_BYTES)
  #spare = Buffer.allocUnsafe(BUFFER_BYTES)
  #at = 0
  #size = 0
  #unsynced = 0
  #writing: Promise<void> = Promise.resolve()
  #syncing: Promise<void> | undefined

  private constructor(handle: FileHandle) {
    this.#handle = handle
  }

  /** Makes the file, which must not be there. */
  static async create(file: string): Promise<ArchiveFile> {
    return new ArchiveFile(await open(file, 'wx', 0o600))
  }

  async add(piece: Buffer): Promise<void> {
    for (let from = 0; from < piece.length; ) {
      const taken = piece.copy(this.#filling, this.#at, from)
      from += taken
      this.#at += taken
      if (this.#at === BUFFER_BYTES) await this.#flush()
    }
  }

  /** Waits until all of it is on the disk. */
  async finish(): Promise<Written> {
    await this.#flush()
    await this.#writing
    await this.#syncing
    await this.#handle.sync()
    return { size: this.#size, sha256: this.#hash.digest('hex') }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([this.#writing, this.#syncing])
    await this.#handle.close()
  }

  async #flush(): Promise<void> {
    await this.#writing
    const full = this.#filling.subarray(0, this.#at)
    this.#size += full.length
    this.#unsynced += full.length
    this.#hash.update(full)
    this.#writing = this.#write(full)
    // Whoever awaits it next is told.
    this.#writing.catch(() => {})
    ;[this.#filling, this.#spare, this.#at] = [this.#spare, this.#filling, 0]
    if (this.#unsynced >= SYNC_BYTES && !this.#syncing) this.#sync()
  }

  async #write(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; ) at += (await this.#handle.write(bytes, at)).bytesWritten
  }

  /** Begins to write to the disk what there is, beside the rest. */
  #sync(): void {
    this.#unsynced = 0
    const syncing = this.#handle.datasync().finally(() => {
      if (this.#syncing === syncing) this.#syncing = undefined
    })
    syncing.catch(() => {})
    this.#syncing = syncing
  }
}

/** A file that grows makes no event that is worth its price. */
const LOOK_AGAIN_MS = 20

/**
 * Hashes an archive that somebody else writes, as it grows, and sees it to the disk.
 *
 * @param writing ends when all is written. @param onGrowth is told whenever there is more.
 * @throws what `writing` throws.
 */
export async function followFile(file: string, writing: Promise<unknown>, onGrowth: () => void): Promise<Written> {
  const handle = await open(file, 'r+')
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafe(BUFFER_BYTES)
  let size = 0
  let unsynced = 0
  let syncing: Promise<void> | undefined
  let written = false
  const end = writing.then(() => {
    written = true
  })
  // Whoever awaits it next is told.
  end.catch(() => {})
  try {
    for (;;) {
      const whole = written
      const { bytesRead } = await handle.read(buffer, 0, BUFFER_BYTES, size)
      if (bytesRead > 0) {
        hash.update(buffer.subarray(0, bytesRead))
        size += bytesRead
        unsynced += bytesRead
        onGrowth()
        if (unsynced < SYNC_BYTES || syncing) continue
        unsynced = 0
        syncing = handle.datasync().finally(() => {
          syncing = undefined
        })
        syncing.catch(() => {})
      } else if (whole) break
      else await Promise.race([end, pause(LOOK_AGAIN_MS)])
    }
    await handle.sync()
    return { size, sha256: hash.digest('hex') }
  } finally {
    await syncing?.catch(() => {})
    await handle.close()
  }
}

/** The size and the checksum of a file. */
export async function measureFile(file: string, signal: AbortSignal): Promise<Written> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of createReadStream(file, { highWaterMark: BUFFER_BYTES, signal }) as AsyncIterable<Buffer>) {
    hash.update(chunk)
    size += chunk.length
  }
  return { size, sha256: hash.digest('hex') }
}
