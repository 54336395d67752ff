import { deserialize, serialize } from 'node:v8'
import { redactDeep } from './deep.ts'
import type { Redactor } from './redactor.ts'

/** How what `v8.serialize` made begins: the mark of a version, and the version. */
const isSerialised = (bytes: Uint8Array): boolean => bytes[0] === 0xff && bytes[1] === 0x0f

/** Bytes in a message: some pools serialise what they send themselves; changed from outside it could not be read again. */
function messageBytes(bytes: Uint8Array, redactor: Redactor): Uint8Array {
  if (!isSerialised(bytes)) return redactor.bytes(bytes)
  let content: unknown
  try {
    content = deserialize(bytes)
  } catch {
    return redactor.bytes(bytes)
  }
  const clean = redactMessage(content, redactor)
  return clean === content ? bytes : serialize(clean)
}

/** A message for another process without secrets; itself when there are none in it. */
function redactMessage(message: unknown, redactor: Redactor): unknown {
  return redactDeep(message, {
    text: (text) => redactor.text(text),
    bytes: (bytes) => messageBytes(bytes, redactor),
  })
}

type Send = (this: unknown, message: unknown, ...rest: unknown[]) => unknown

/**
 * Filters what a process sends to the one that forked it. Vitest takes hold of `process.send` before anyone else can, so
 * the wrapper sits one step below, where every `send` of Node passes.
 */
export function guardMessages(redactor: Redactor, target: NodeJS.Process): () => void {
  if (!target.send) return () => {}
  const sender = target as unknown as Record<'send' | '_send', Send | undefined>
  const name = typeof sender._send === 'function' ? '_send' : 'send'
  const original = sender[name]
  if (!original) return () => {}
  let active = true
  const guarded: Send = function (message, ...rest) {
    return original.call(this, active ? redactMessage(message, redactor) : message, ...rest)
  }
  sender[name] = guarded
  return () => {
    active = false
    if (sender[name] === guarded) sender[name] = original
  }
}
