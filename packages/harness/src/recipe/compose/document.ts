import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument, Scalar, visit } from 'yaml'
import { ComposeError, type ComposeFault } from './error.ts'
import { interpolate, TemplateError } from './interpolate.ts'
import { resolveScalar } from './scalar.ts'

/** A place inside a compose file. */
export type Path = readonly (string | number)[]

export type Mapping = Record<string, unknown>

/** The sections that docker interpolates; everything else is taken as it stands. */
const INTERPOLATED = ['services', 'volumes', 'networks', 'secrets', 'configs']

const pathText = (path: Path): string => path.join('.')

export const isMapping = (value: unknown): value is Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** One compose file, read and interpolated, that can say where a fault is. */
export class ComposeDocument {
  readonly file: string
  /** The file's content with variables filled in. */
  readonly data: Mapping
  /** The file's content as written. */
  readonly raw: Mapping
  readonly #document: Document
  readonly #lines: LineCounter

  /**
   * @param file what errors call the file.
   * @throws {ComposeError} when the text is no YAML map or a template cannot be filled in.
   */
  constructor(file: string, text: string, env: Record<string, string>) {
    this.file = file
    this.#lines = new LineCounter()
    // As go-yaml does: merge keys, the last of two equal keys, and only the first of several documents.
    const options = { lineCounter: this.#lines, schema: 'failsafe', merge: true, uniqueKeys: false } as const
    this.#document = parseDocument(text, options)
    const broken = this.#document.errors.find((error) => error.code !== 'MULTIPLE_DOCS')
    if (broken) {
      const [first = ''] = broken.message.split('\n')
      throw new ComposeError({
        file,
        line: broken.linePos?.[0].line,
        happened: `is not valid YAML: ${first.replace(/ at line \d+, column \d+:?$/, '')}`,
        cause: broken,
      })
    }
    this.#resolveScalars()
    this.raw = this.#toMapping()
    this.data = { ...this.raw }
    for (const section of INTERPOLATED) {
      if (section in this.raw) this.data[section] = this.#fillIn(this.raw[section], [section], env)
    }
  }

  /** A fault at a path of this file, with the line of the nearest place that is written there. */
  fault(
    path: Path,
    happened: string,
    more: Partial<Pick<ComposeFault, 'lastSeen' | 'todo' | 'cause'>> = {},
  ): ComposeError {
    return new ComposeError({ file: this.file, path: pathText(path), line: this.#line(path), happened, ...more })
  }

  /** The line of the nearest place on the way to a path that is written in this file. */
  lineOf(path: Path): number | undefined {
    return this.#line(path)
  }

  has(path: Path): boolean {
    return this.#document.hasIn(path)
  }

  /** A section of the file, or a map inside it; an empty map when it is absent. */
  section(value: unknown, path: Path): Mapping {
    if (value === undefined) return {}
    if (!isMapping(value)) throw this.fault(path, 'must be a map.', { lastSeen: JSON.stringify(value) })
    return value
  }

  #resolveScalars(): void {
    visit(this.#document, {
      Scalar: (key, node) => {
        if (node.type !== Scalar.PLAIN || typeof node.value !== 'string' || node.tag !== undefined) return
        const value = resolveScalar(node.value)
        if (key !== 'key') node.value = value
        else if (typeof value !== 'string') {
          const line = node.range ? this.#lines.linePos(node.range[0]).line : undefined
          throw new ComposeError({
            file: this.file,
            line,
            happened: `"${node.source ?? node.value}" is read as ${value}, and only text can be a key.`,
            todo: 'Put quotes round it.',
          })
        }
      },
    })
  }

  #toMapping(): Mapping {
    const content: unknown = this.#document.toJS()
    if (isMapping(content)) return content
    throw new ComposeError({ file: this.file, happened: 'is not a YAML map.', lastSeen: String(content).slice(0, 80) })
  }

  #fillIn(value: unknown, path: Path, env: Record<string, string>): unknown {
    if (Array.isArray(value)) return value.map((entry, index) => this.#fillIn(entry, [...path, index], env))
    if (isMapping(value)) {
      const filled = Object.entries(value).map(
        ([key, entry]) => [key, this.#fillIn(entry, [...path, key], env)] as const,
      )
      return Object.fromEntries(filled)
    }
    if (typeof value !== 'string') return value
    try {
      return interpolate(value, env)
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error
      throw this.fault(path, `cannot be filled in: ${error.message}`, {
        todo: 'A dollar sign that is meant as such is written "$$".',
        cause: error,
      })
    }
  }

  #line(path: Path): number | undefined {
    for (let length = path.length; length > 0; length--) {
      const parent = this.#document.getIn(path.slice(0, length - 1), true)
      const last = path[length - 1]
      const pair = isMap(parent) && parent.items.find(({ key }) => isScalar(key) && key.value === last)
      const node = pair ? pair.key : this.#document.getIn(path.slice(0, length), true)
      if (isNode(node) && node.range) return this.#lines.linePos(node.range[0]).line
    }
    return undefined
  }
}
