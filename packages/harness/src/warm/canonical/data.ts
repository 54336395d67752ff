import { z } from 'zod'

/** All that another process must know to end a use of a canonical. */
export const canonicalData = z.object({
  dockerHost: z.string(),
  stateDir: z.string().min(1),
  /** The canonical's name in the folder `warm`. */
  name: z.string().min(1),
  stack: z.string().startsWith('warm-'),
  /** The folder of the engine's leases. */
  leases: z.string().min(1),
  envFile: z.string().min(2),
  helperImage: z.string().min(1),
  /** Of this one use. */
  token: z.string().min(1),
  runId: z.string(),
  /** Milliseconds that putting it back may take beyond any other teardown: it grows with the data. */
  patienceMs: z.int().nonnegative(),
})

export type CanonicalData = z.infer<typeof canonicalData>
