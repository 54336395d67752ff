import { join } from 'node:path'
import { z } from 'zod'
import { lastJsonLines } from './json-lines.ts'

const taking = z.object({
  at: z.iso.datetime(),
  stack: z.string(),
  why: z.string().default(''),
  trust: z.string().optional(),
  runIds: z.array(z.string()).default([]),
  things: z.array(z.string()).default([]),
  outcome: z.string(),
  durationMs: z.number().optional(),
})

/** Something that the janitor took. */
export type JanitorTaking = z.output<typeof taking>

/** What the janitor took last, the newest first. */
export async function janitorTakings(stateDir: string, limit: number): Promise<JanitorTaking[]> {
  const lines = await lastJsonLines(join(stateDir, 'janitor.jsonl'), limit)
  return lines.flatMap((line) => taking.safeParse(line).data ?? [])
}
