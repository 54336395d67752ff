import { z } from 'zod'

/** What the bridge reads of a Drone build. */
export const droneBuild = z.object({
  number: z.number().int().positive(),
  status: z.string(),
  error: z.string().optional(),
  params: z.record(z.string(), z.string()).nullish(),
  started: z.number().optional(),
})

export type DroneBuild = z.infer<typeof droneBuild>
