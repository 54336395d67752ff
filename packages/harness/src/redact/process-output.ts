import { redactInPlace } from './errors-in-place.ts'
import { guardMessages } from './process-messages.ts'
import { guardStream } from './process-streams.ts'
import type { Redactor } from './redactor.ts'

const guards = new WeakMap<NodeJS.Process, WeakMap<Redactor, () => void>>()

/**
 * From now on no secret leaves `target` (the global `process`) by itself: its standard output and error, the messages to
 * the process that forked it (a runner's worker reports its tests so), errors that nobody catches, and warnings. What is
 * held back (see `Chunker.push`) comes when the process ends. Calling it again changes nothing.
 *
 * Not seen: what is written to a file descriptor past the streams, a thrown text that nobody catches, and numbers in
 * messages.
 *
 * @returns takes the filter away again
 */
export function guardOutput(redactor: Redactor, target: NodeJS.Process): () => void {
  const known = guards.get(target) ?? new WeakMap<Redactor, () => void>()
  guards.set(target, known)
  const present = known.get(redactor)
  if (present) return present

  const streams = [guardStream(redactor, target.stdout), guardStream(redactor, target.stderr)]
  const restoreMessages = guardMessages(redactor, target)
  const finish = () => {
    for (const stream of streams) stream.finish()
  }
  // Node prints these past the streams, and what it prints are the fields of the error.
  const onError = (error: unknown) => redactInPlace(error, redactor)
  target.on('exit', finish)
  target.on('uncaughtExceptionMonitor', onError)
  target.prependListener('warning', onError)

  const restore = () => {
    if (!known.delete(redactor)) return
    target.off('exit', finish)
    target.off('uncaughtExceptionMonitor', onError)
    target.off('warning', onError)
    restoreMessages()
    for (const stream of streams) stream.restore()
  }
  known.set(redactor, restore)
  return restore
}
