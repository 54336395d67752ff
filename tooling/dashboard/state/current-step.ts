import { join } from 'node:path'
import { RUN_FILES, runDir } from '@cc-ci/harness'
import { z } from 'zod'
import { lastJsonLines } from './json-lines.ts'

const step = z.object({ event: z.literal('step'), text: z.string(), at: z.number() })
const over = z.object({ event: z.enum(['done', 'teardown', 'test-failed']) })

/** What a run is doing or waiting for. */
export interface CurrentStep {
  text: string
  since: string
}

/** What a run that goes on is doing right now, by its journal. */
export async function currentStep(stateDir: string, id: string): Promise<CurrentStep | undefined> {
  for (const line of await lastJsonLines(join(runDir(stateDir, id), RUN_FILES.journal), 50)) {
    if (over.safeParse(line).success) return undefined
    const { data } = step.safeParse(line)
    if (data) return { text: data.text, since: new Date(data.at).toISOString() }
  }
  return undefined
}
