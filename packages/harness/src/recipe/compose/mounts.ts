import { isAbsolute, join } from 'node:path'
import { type ComposeDocument, isMapping, type Path } from './document.ts'
import { boolean, list, shown, text } from './values.ts'

/** Something mounted into a service. */
export interface MountSpec {
  /** The key of the top-level volume, the absolute path of a bind, or '' for an anonymous volume or tmpfs. */
  source: string
  target: string
  type: 'volume' | 'bind' | 'tmpfs'
  readOnly: boolean
}

/** The short form, `[source:]target[:options]`. `undefined`: not one. */
export function shortMount(spec: string): MountSpec | undefined {
  const parts = spec.split(':')
  if (parts.length > 3 || parts.includes('')) return undefined
  const [first = '', second, options = ''] = parts
  if (second === undefined) return { source: '', target: first, type: 'volume', readOnly: false }
  const type = /^[./~]/.test(first) ? 'bind' : 'volume'
  return { source: first, target: second, type, readOnly: options.split(',').includes('ro') }
}

/** What a service mounts, relative binds made absolute from the folder of the first compose file. */
export function readMounts(doc: ComposeDocument, value: unknown, path: Path, dir: string): MountSpec[] {
  return list(doc, value, path).map((entry, index) => {
    const mount = typeof entry === 'string' ? shortMount(entry) : longMount(doc, entry, [...path, index])
    if (!mount)
      throw doc.fault([...path, index], 'is not a mount such as "data:/var/lib/data".', { lastSeen: shown(entry) })
    if (mount.type !== 'bind') return mount
    return isAbsolute(mount.source) ? mount : { ...mount, source: join(dir, mount.source) }
  })
}

function longMount(doc: ComposeDocument, entry: unknown, path: Path): MountSpec | undefined {
  if (!isMapping(entry)) return undefined
  const { type } = entry
  if (type !== 'volume' && type !== 'bind' && type !== 'tmpfs') {
    throw doc.fault([...path, 'type'], 'must be volume, bind or tmpfs.', { lastSeen: shown(type) })
  }
  const target = text(doc, entry, 'target', path)
  const source = text(doc, entry, 'source', path) ?? ''
  if (!target || (type === 'bind' && !source)) return undefined
  return { source, target, type, readOnly: boolean(doc, entry.read_only, [...path, 'read_only']) }
}
