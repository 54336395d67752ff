import { isMapping, type Path } from '../compose/document.ts'
import type { LintFile } from './tree.ts'

/** A variable that a compose file mentions. */
export interface Mention {
  name: string
  /** What stands in for it when it is not set; `undefined` where nothing does. */
  fallback: string | undefined
  file: string
  line: number | undefined
}

const SECTIONS = ['services', 'volumes', 'networks', 'secrets', 'configs']
const VARIABLE = /\$(?:\$|([a-z_]\w*)|\{([a-z_]\w*)(?:(:?[-?])([^}]*))?\})/gi

/** Every variable that compose files mention (in some of their sections), in their order. */
export function mentionsIn(files: readonly LintFile[], sections: readonly string[] = SECTIONS): Mention[] {
  return files.flatMap((file) => sections.flatMap((section) => within(file, file.doc.raw[section], [section])))
}

function within(file: LintFile, value: unknown, path: Path): Mention[] {
  if (Array.isArray(value)) return value.flatMap((entry, index) => within(file, entry, [...path, index]))
  if (isMapping(value)) return Object.entries(value).flatMap(([key, entry]) => within(file, entry, [...path, key]))
  if (typeof value !== 'string' || !value.includes('$')) return []
  return mentionsOf(value).map((mention) => ({ ...mention, file: file.file, line: file.doc.lineOf(path) }))
}

/** The variables that a template mentions. */
export function mentionsOf(template: string): Pick<Mention, 'name' | 'fallback'>[] {
  return [...template.matchAll(VARIABLE)].flatMap(([, plain, braced, separator, rest]) => {
    const name = plain ?? braced
    if (name === undefined) return []
    return [{ name, fallback: separator?.endsWith('-') ? (rest ?? '') : undefined }]
  })
}
