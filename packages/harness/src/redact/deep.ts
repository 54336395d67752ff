/** How the leaves of a value are made harmless. Each gives back what it was given when there is nothing to do. */
export interface Leaves {
  text(text: string): string
  bytes(bytes: Uint8Array): Uint8Array
}

type Fields = Record<string, unknown>

/** Errors keep what they say in fields that cannot be listed, and a field may throw when it is read. */
function fieldsOf(value: object): [string, unknown][] {
  const names = value instanceof Error ? new Set([...Object.getOwnPropertyNames(value), 'message']) : Object.keys(value)
  return [...names].flatMap((name): [string, unknown][] => {
    try {
      return [[name, (value as Fields)[name]]]
    } catch {
      return []
    }
  })
}

/** What JSON and people would see of an object that says so itself, such as a URL. */
function spoken(value: object): { as: unknown } | undefined {
  if (value instanceof Date || typeof (value as Fields).toJSON !== 'function') return undefined
  try {
    return { as: (value as { toJSON(): unknown }).toJSON() }
  } catch {
    return undefined
  }
}

const asBytes = (value: ArrayBuffer | Uint8Array): Uint8Array =>
  value instanceof ArrayBuffer ? new Uint8Array(value) : value

const isBytes = (value: unknown): value is ArrayBuffer | Uint8Array =>
  value instanceof Uint8Array || value instanceof ArrayBuffer

/** Whether anything in `value` has to change. */
function touches(value: unknown, leaves: Leaves, seen: Set<object>): boolean {
  if (typeof value === 'string') return leaves.text(value) !== value
  if (typeof value !== 'object' || value === null || seen.has(value)) return false
  seen.add(value)
  const inside = (each: unknown): boolean => touches(each, leaves, seen)
  if (isBytes(value)) return !Buffer.from(asBytes(value)).equals(leaves.bytes(asBytes(value)))
  if (value instanceof RegExp) return inside(value.source)
  if (value instanceof Map) return [...value].some(([key, each]) => inside(key) || inside(each))
  if (value instanceof Set) return [...value].some(inside)
  const said = spoken(value)
  if (said && inside(said.as)) return true
  return fieldsOf(value).some(([name, each]) => inside(name) || inside(each))
}

/** A copy in which every leaf is harmless. */
function copyOf(value: unknown, leaves: Leaves, copies: Map<object, unknown>): unknown {
  if (typeof value === 'string') return leaves.text(value)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  if (copies.has(value)) return copies.get(value)
  const copy = (each: unknown): unknown => copyOf(each, leaves, copies)
  const keep = <T>(made: T): T => {
    copies.set(value, made)
    return made
  }
  if (isBytes(value)) {
    const bytes = leaves.bytes(asBytes(value))
    return keep(
      value instanceof ArrayBuffer
        ? new Uint8Array(bytes).buffer
        : Buffer.isBuffer(value)
          ? bytes
          : new Uint8Array(bytes),
    )
  }
  if (ArrayBuffer.isView(value)) return value
  if (value instanceof RegExp)
    return leaves.text(value.source) === value.source ? value : new RegExp('[*]{3}', value.flags)
  if (value instanceof Map) {
    const made = keep(new Map())
    for (const [key, each] of value) made.set(copy(key), copy(each))
    return made
  }
  if (value instanceof Set) {
    const made = keep(new Set())
    for (const each of value) made.add(copy(each))
    return made
  }
  const said = spoken(value)
  if (said && touches(said.as, leaves, new Set())) return keep(copy(said.as))
  const made = keep(shellOf(value))
  for (const [name, each] of fieldsOf(value)) {
    let key = leaves.text(name)
    while (key !== name && Object.hasOwn(made, key)) key += '*'
    const enumerable = Object.prototype.propertyIsEnumerable.call(value, name)
    Object.defineProperty(made, key, { value: copy(each), enumerable, writable: true, configurable: true })
  }
  return made
}

/** An empty object of the same kind; a real error, since only those are passed on as errors. */
function shellOf(value: object): object {
  if (Array.isArray(value)) return new Array(value.length)
  const prototype = Object.getPrototypeOf(value) as object | null
  return value instanceof Error ? Object.setPrototypeOf(new Error(), prototype) : Object.create(prototype)
}

/** `value` with every string and every buffer in it made harmless; itself when there is nothing to do. */
export function redactDeep(value: unknown, leaves: Leaves): unknown {
  return touches(value, leaves, new Set()) ? copyOf(value, leaves, new Map()) : value
}
