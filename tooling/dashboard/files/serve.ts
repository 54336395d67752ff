import type { FileHandle } from 'node:fs/promises'
import { extname } from 'node:path'
import { Readable } from 'node:stream'
import type { Context } from 'hono'

/** How a file is handed out. Whatever is not a picture is shown as text, or not at all: apps have written it. */
interface Manner {
  type: string
  attachment: boolean
}

const PICTURES: Readonly<Record<string, string>> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
}
const ARCHIVES: Readonly<Record<string, string>> = {
  '.zip': 'application/zip',
  '.gz': 'application/gzip',
  '.tar': 'application/x-tar',
}
const TEXT = 'text/plain; charset=utf-8'

/** By the end of its name; never anything that a browser would execute. */
export function mannerOf(name: string): Manner {
  const end = extname(name).toLowerCase()
  const picture = PICTURES[end]
  if (picture) return { type: picture, attachment: false }
  const archive = ARCHIVES[end]
  if (archive) return { type: archive, attachment: true }
  return { type: TEXT, attachment: false }
}

/** Nothing in such a file can do anything, whatever a browser takes it for. */
const HARMLESS = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"

/** The part of a file that was asked for: all of it, some bytes, or none that there are. */
function rangeOf(header: string | undefined, size: number): { start: number; end: number } | 'all' | 'none' {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return 'all'
  const [, first = '', last = ''] = match
  if (first === '')
    return size === 0 || Number(last) === 0 ? 'none' : { start: Math.max(0, size - Number(last)), end: size - 1 }
  const start = Number(first)
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1)
  return start < size && start <= end ? { start, end } : 'none'
}

/** A name as it may stand in a header. */
const headerName = (name: string): string => name.replace(/[^A-Za-z0-9._-]/g, '_').slice(-100)

export interface Served {
  /** What a download is called. */
  name: string
  manner: Manner
  /** Offered for saving instead of being shown. */
  download?: boolean
}

/** Answers with an open file, or the part of it that was asked for, and closes it. Only what is sent is read. */
export async function serveFile(
  context: Context,
  handle: FileHandle,
  { name, manner, download }: Served,
): Promise<Response> {
  const { size, mtimeMs } = await handle.stat()
  const tag = `"${size.toString(36)}-${Math.round(mtimeMs).toString(36)}"`
  const headers = new Headers({
    'content-type': manner.type,
    'content-security-policy': HARMLESS,
    'accept-ranges': 'bytes',
    'cache-control': 'no-cache',
    etag: tag,
  })
  if (manner.attachment || download) headers.set('content-disposition', `attachment; filename="${headerName(name)}"`)
  if (context.req.header('if-none-match') === tag) {
    await handle.close()
    return new Response(null, { status: 304, headers })
  }
  const ifRange = context.req.header('if-range')
  const range = ifRange === undefined || ifRange === tag ? rangeOf(context.req.header('range'), size) : 'all'
  if (range === 'none') {
    await handle.close()
    headers.set('content-range', `bytes */${size}`)
    return new Response(null, { status: 416, headers })
  }
  const { start, end } = range === 'all' ? { start: 0, end: size - 1 } : range
  headers.set('content-length', String(end - start + 1))
  if (range !== 'all') headers.set('content-range', `bytes ${start}-${end}/${size}`)
  const status = range === 'all' ? 200 : 206
  if (size === 0 || context.req.method === 'HEAD') {
    await handle.close()
    return new Response(null, { status, headers })
  }
  const body = Readable.toWeb(handle.createReadStream({ start, end })) as ReadableStream<Uint8Array>
  return new Response(body, { status, headers })
}
