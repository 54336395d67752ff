import { Listr, PRESET_TIMER } from 'listr2'
import type { Part } from './up.ts'

/** Does the parts one after the other and shows each with its time: live on a terminal, otherwise a line when it is done. */
export async function runParts(parts: Part[]): Promise<void> {
  const list = new Listr(
    parts.map((part) => ({
      title: part.title,
      task: async (_: unknown, task: { title?: string; output?: string }) => {
        const how = await part.work((text) => {
          if (process.stdout.isTTY) task.output = text.trim()
        })
        task.title = `${part.title}: ${how}`
      },
    })),
    process.stdout.isTTY
      ? {
          renderer: 'default',
          rendererOptions: { timer: PRESET_TIMER, showErrorMessage: false, collapseErrors: false },
        }
      : { renderer: 'simple', rendererOptions: { timer: PRESET_TIMER } },
  )
  await list.run()
}
