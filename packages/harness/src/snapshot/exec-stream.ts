import type { Duplex, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type Docker from 'dockerode'
import type { ExecResult } from '../docker/exec.ts'

export interface StreamOptions {
  /** Bytes for its standard input, which is then closed. */
  input?: Readable
  /** Given each piece of its standard output. Valid only until it answers. Without it, the output's end is kept as text. */
  output?: (piece: Buffer) => Promise<void>
  signal: AbortSignal
}

const HEADER_BYTES = 8
const STDERR = 2
const KEPT_BYTES = 16_384

/**
 * Runs a command in a running container whose input or output is too large to be held. Any exit code is an answer. No
 * more is read than `output` can take.
 *
 * @throws the signal's reason; what `output` and `input` throw; what the engine says.
 */
export async function streamExec(
  docker: Docker,
  containerId: string,
  command: string[],
  { input, output, signal }: StreamOptions,
): Promise<ExecResult> {
  signal.throwIfAborted()
  const exec = await docker.getContainer(containerId).exec({
    Cmd: command,
    AttachStdin: input !== undefined,
    AttachStdout: true,
    AttachStderr: true,
  })
  // A raw connection instead of an HTTP answer in chunks: less work for every piece, and one side of it can be closed.
  const stream = (await exec.start({ hijack: true, stdin: input !== undefined })) as unknown as Duplex
  const stop = () => stream.destroy(new Error('aborted'))
  signal.addEventListener('abort', stop, { once: true })
  let sourceError: unknown
  input?.once('error', (error) => {
    sourceError = error
  })
  // A program that ends without reading its input breaks the pipe: its exit code says what happened.
  const feeding = input ? pipeline(input, stream).catch(() => {}) : undefined
  try {
    signal.throwIfAborted()
    const printed = await readStreams(stream, output)
    await feeding
    if (sourceError) throw sourceError
    return { exitCode: await exitCodeOf(exec, signal), ...printed }
  } catch (error) {
    signal.throwIfAborted()
    throw sourceError ?? error
  } finally {
    signal.removeEventListener('abort', stop)
    stream.destroy()
    input?.destroy()
  }
}

/** Takes Docker's frames (one byte for the stream, three of padding, four for the length) apart as they come. */
async function readStreams(stream: Readable, output: StreamOptions['output']) {
  const kept = { stdout: '', stderr: '' }
  const header = Buffer.alloc(HEADER_BYTES)
  let have = 0
  let left = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length; ) {
      if (left === 0) {
        const taken = chunk.copy(header, have, at)
        have += taken
        at += taken
        if (have < HEADER_BYTES) break
        have = 0
        left = header.readUInt32BE(4)
        continue
      }
      const piece = chunk.subarray(at, at + left)
      at += piece.length
      left -= piece.length
      if (header[0] !== STDERR && output) await output(piece)
      else {
        const name = header[0] === STDERR ? 'stderr' : 'stdout'
        kept[name] = (kept[name] + piece.toString('utf8')).slice(-KEPT_BYTES)
      }
    }
  }
  return kept
}

/** The exit code; the stream can end a moment before the engine has noted it. */
async function exitCodeOf(exec: Docker.Exec, signal: AbortSignal): Promise<number> {
  for (;;) {
    const { Running: running, ExitCode: code } = await exec.inspect()
    if (!running && typeof code === 'number') return code
    if (!running && code === null) throw new Error('the helper container ended while a command ran in it')
    await delay(10, undefined, { signal })
  }
}
