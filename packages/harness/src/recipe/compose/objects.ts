import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { messageOf } from '../../errors.ts'
import { type ComposeDocument, isMapping, type Mapping, type Path } from './document.ts'
import { boolean, text } from './values.ts'

/** A volume or network of a stack, with the name Docker knows it by. */
export interface NamedSpec {
  name: string
  external: boolean
}

/** A secret of a stack. */
export interface SecretObject extends NamedSpec {
  /** The absolute path of the file it is made from. */
  file: string | undefined
  /** The name as the compose file has it, variables not filled in. */
  template: string | undefined
}

/** A config of a stack. */
export interface ConfigObject extends SecretObject {
  /** Whether swarm fills in `{{ … }}` when a task starts. */
  templated: boolean
  /** SHA-256 of the file's content, in hex. */
  sha256: string | undefined
}

/** Calls `read` for each entry of a top-level section of each file; a later file's entry replaces an earlier one whole. */
export function readSection<T>(
  docs: ComposeDocument[],
  section: string,
  read: (doc: ComposeDocument, entry: Mapping, path: Path, key: string) => T,
): Record<string, T> {
  const found = new Map<string, T>()
  for (const doc of docs) {
    for (const [key, value] of Object.entries(doc.section(doc.data[section], [section]))) {
      const path = [section, key]
      found.set(key, read(doc, doc.section(value ?? undefined, path), path, key))
    }
  }
  return Object.fromEntries(found)
}

/** The name and externality of a top-level object: `<stack>_<key>` unless it is external or has a name of its own. */
export function readNamed(doc: ComposeDocument, entry: Mapping, path: Path, key: string, stack: string): NamedSpec {
  const legacy = isMapping(entry.external) ? text(doc, entry.external, 'name', [...path, 'external']) : undefined
  const external = isMapping(entry.external) || boolean(doc, entry.external, [...path, 'external'])
  const name = text(doc, entry, 'name', path) ?? legacy ?? (external ? key : `${stack}_${key}`)
  return { name, external }
}

/** A top-level secret. */
export function readSecret(
  doc: ComposeDocument,
  entry: Mapping,
  path: Path,
  key: string,
  stack: string,
  dir: string,
): SecretObject {
  const named = readNamed(doc, entry, path, key, stack)
  const file = text(doc, entry, 'file', path)
  if (!named.external && file === undefined && entry.driver === undefined) {
    throw doc.fault(path, 'has neither a file nor "external: true".')
  }
  const section = doc.section(doc.raw[String(path[0])], path.slice(0, 1))
  const written = doc.section(section[key] ?? undefined, path)
  return {
    ...named,
    file: named.external || file === undefined ? undefined : isAbsolute(file) ? file : join(dir, file),
    template: typeof written.name === 'string' ? written.name : undefined,
  }
}

/** A top-level config, with the hash of its content. */
export function readConfig(
  doc: ComposeDocument,
  entry: Mapping,
  path: Path,
  key: string,
  stack: string,
  dir: string,
): ConfigObject {
  const object = readSecret(doc, entry, path, key, stack, dir)
  const templated = text(doc, entry, 'template_driver', path) !== undefined
  return { ...object, templated, sha256: object.file === undefined ? undefined : hash(doc, object.file, path) }
}

function hash(doc: ComposeDocument, file: string, path: Path): string {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex')
  } catch (error) {
    throw doc.fault([...path, 'file'], 'cannot be read.', { lastSeen: messageOf(error), cause: error })
  }
}
