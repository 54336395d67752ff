import { open } from 'node:fs/promises'

/** So much of the end of a file is read. */
const END = 256 * 1024

/** What the last whole lines of a file say, the newest first; nothing when there is no such file. A line that is no JSON says nothing. */
export async function lastJsonLines(file: string, limit: number): Promise<unknown[]> {
  const handle = await open(file, 'r').catch(() => undefined)
  if (!handle) return []
  try {
    const { size } = await handle.stat()
    const from = Math.max(0, size - END)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - from), 0, size - from, from)
    const lines = buffer.subarray(0, bytesRead).toString('utf8').split('\n')
    if (from > 0) lines.shift()
    const said: unknown[] = []
    for (const line of lines.reverse()) {
      if (said.length === limit) break
      try {
        said.push(JSON.parse(line))
      } catch {}
    }
    return said
  } finally {
    await handle.close()
  }
}
