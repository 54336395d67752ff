import { join } from 'node:path'
import { z } from 'zod'
import { readAll } from './read-json.ts'

const text = z.string()
/** Others may say a version, or a version with its commit. */
const versioned = z.union([text, z.object({ version: text }).transform(({ version }) => version)]).optional()

const alert = z
  .object({
    id: text,
    time: z.iso.datetime().optional().catch(undefined),
    subject: text,
    cause: text.optional(),
    title: text.optional(),
    text: text.optional(),
    attempted: versioned.catch(undefined),
    lastGood: versioned.catch(undefined),
    recovered: z.boolean().optional().catch(undefined),
  })
  .transform(({ time, ...rest }) => ({ ...rest, at: time }))

/** Something that a person was told of, or is to be. */
export interface Alert extends z.output<typeof alert> {
  /** It has been delivered. */
  archived: boolean
}

const ARCHIVE = 'archive'

/** Alerts, the newest first: those that wait to be delivered, and the last of those that were. */
export async function alerts(stateDir: string, limit = 50): Promise<Alert[]> {
  const folder = join(stateDir, 'alerts')
  const [waiting, archived] = await Promise.all([
    readAll(folder, alert, limit),
    readAll(join(folder, ARCHIVE), alert, limit),
  ])
  return [
    ...waiting.map((one) => ({ ...one, archived: false })),
    ...archived.map((one) => ({ ...one, archived: true })),
  ].sort((one, other) => (other.at ?? '').localeCompare(one.at ?? ''))
}
