import type { Source } from '../sources.ts'
import type { SavedFiles } from '../verify.ts'

/** What a snapshot of the bot holds of an app's volumes. */
export interface SavedInBot {
  /** By the paths under which volumes stand in a helper container (`/volumes/<volume>/…`). */
  files: SavedFiles
  /** The path in the snapshot. */
  inSnapshot(path: string): string
}

/** The bot sees volumes as the engine keeps them, `…/<volume>/_data`: finds them again, wherever that is. */
export function savedInBot(nodes: SavedFiles, sources: Pick<Source, 'volume' | 'root'>[]): SavedInBot {
  const files: SavedFiles = new Map()
  const paths = new Map<string, string>()
  for (const [path, node] of nodes) {
    const source = sources.find(({ volume }) => `${path}/`.includes(`/${volume}/_data/`))
    if (!source) continue
    const [, rest = ''] = `${path}/`.split(`/${source.volume}/_data/`)
    const known = `${source.root}/${rest}`.replace(/\/+$/, '')
    files.set(known, node)
    paths.set(known, path)
  }
  return { files, inSnapshot: (path) => paths.get(path) ?? path }
}
