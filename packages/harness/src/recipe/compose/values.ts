import { type ComposeDocument, isMapping, type Mapping, type Path } from './document.ts'
import { type ComposeScalar, scalarText } from './scalar.ts'

const isScalar = (value: unknown): value is Exclude<ComposeScalar, boolean> =>
  value === null || ['string', 'number', 'bigint'].includes(typeof value)

/** JSON that can show a bigint, for messages. */
export const shown = (value: unknown): string =>
  JSON.stringify(value, (_, entry) => (typeof entry === 'bigint' ? String(entry) : entry)) ?? 'nothing'

/**
 * Labels or variables written as a map or as a list of `key=value`, as docker reads them: `null` is empty text, numbers are
 * text, booleans are refused.
 */
export function keyValues(doc: ComposeDocument, value: unknown, path: Path): Record<string, string> {
  if (value === undefined) return {}
  if (Array.isArray(value)) {
    const pairs = value.map((entry, index) => {
      if (typeof entry !== 'string') throw doc.fault([...path, index], 'must be text.', { lastSeen: shown(entry) })
      const at = entry.indexOf('=')
      return at === -1 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)]
    })
    return Object.fromEntries(pairs)
  }
  if (!isMapping(value)) throw doc.fault(path, 'must be a map or a list.', { lastSeen: shown(value) })
  const pairs = Object.entries(value).map(([key, entry]) => {
    if (isScalar(entry)) return [key, scalarText(entry)]
    const todo = typeof entry === 'boolean' ? `Put quotes round it: "${entry}".` : undefined
    throw doc.fault([...path, key], 'must be text, a number or empty.', { lastSeen: shown(entry), todo })
  })
  return Object.fromEntries(pairs)
}

/** A list; an empty one when it is absent. */
export function list(doc: ComposeDocument, value: unknown, path: Path): unknown[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) {
    const todo = 'Write each item on a line of its own, with "- " before it.'
    throw doc.fault(path, 'must be a list.', { lastSeen: shown(value), todo })
  }
  return value
}

/** Text that is there and not empty, or `undefined`. */
export function text(doc: ComposeDocument, owner: Mapping, key: string, path: Path): string | undefined {
  const value = owner[key]
  if (value === undefined) return undefined
  if (typeof value === 'string') return value || undefined
  throw doc.fault([...path, key], 'must be text.', { lastSeen: shown(value) })
}

/** A whole number, also one that came out of a variable. */
export function integer(doc: ComposeDocument, value: unknown, path: Path): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'bigint') return Number(value)
  if (typeof value === 'string' && /^[-+]?\d+$/.test(value)) return Number(value)
  throw doc.fault(path, 'must be a whole number.', { lastSeen: shown(value) })
}

/** A boolean, also one that came out of a variable (`y`, `yes`, `true`, `on` and their opposites). */
export function boolean(doc: ComposeDocument, value: unknown, path: Path): boolean {
  if (value === undefined || value === false) return false
  if (value === true) return true
  if (typeof value === 'string' && /^(y|yes|true|on)$/i.test(value)) return true
  if (typeof value === 'string' && /^(n|no|false|off)$/i.test(value)) return false
  throw doc.fault(path, 'must be true or false.', { lastSeen: shown(value) })
}
