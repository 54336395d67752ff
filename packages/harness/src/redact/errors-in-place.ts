import type { Redactor } from './redactor.ts'

/**
 * Takes the secrets out of an error without replacing it: Node prints one that nobody caught past all streams, by itself.
 */
export function redactInPlace(error: unknown, redactor: Redactor): void {
  if (!(error instanceof Error)) return
  const clean = redactor.deep(error)
  if (clean === error) return
  for (const name of Object.getOwnPropertyNames(error)) {
    if (!Object.hasOwn(clean, name)) Reflect.deleteProperty(error, name)
  }
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(clean))) {
    Reflect.defineProperty(error, name, descriptor)
  }
}
