import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'

/** A file of the dashboard's own that pages refer to. */
export interface Asset {
  content: string
  type: string
  hash: string
}

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
}

const FOLDER = join(import.meta.dirname, 'assets')

/** All of them, by name; read once. */
export const ASSETS: ReadonlyMap<string, Asset> = new Map(
  readdirSync(FOLDER).flatMap((name) => {
    const type = TYPES[extname(name)]
    if (!type) return []
    const content = readFileSync(join(FOLDER, name), 'utf8')
    return [[name, { content, type, hash: createHash('sha256').update(content).digest('hex').slice(0, 12) }] as const]
  }),
)

/** The address of an asset, which is another when its content is another: it may be kept for good. */
export const assetUrl = (name: string): string => `/assets/${name}?${ASSETS.get(name)?.hash ?? ''}`
