import { Listr, PRESET_TIMER } from 'listr2'
import type { Part } from './up.ts'

/**
 * Does the parts one after the other and shows each with its time: live on a terminal, otherwise a line when it begins and
 * one when it is done. Throws what a part throws.
 */
export async function runParts(parts: Part[]): Promise<void> {
  let failure: { error: unknown } | undefined
  const list = new Listr(
    parts.map((part) => ({
      title: part.title,
      task: async (_: unknown, task: { title?: string; output?: string }) => {
        try {
          const how = await part.work((text) => {
            if (process.stdout.isTTY) task.output = text.trim()
          })
          task.title = `${part.title}: ${how}`
        } catch (error) {
          failure = { error }
          // What went wrong is told once, after the list.
          throw new Error('see below')
        }
      },
    })),
    process.stdout.isTTY
      ? {
          renderer: 'default',
          rendererOptions: { timer: PRESET_TIMER, showErrorMessage: false, collapseErrors: false },
        }
      : { renderer: 'simple', rendererOptions: { timer: PRESET_TIMER } },
  )
  await list.run().catch((error) => {
    throw failure ? failure.error : error
  })
}
