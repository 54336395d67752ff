import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { versionAt } from '../../alert/alert.ts'
import { CcciError, messageOf } from '../../errors.ts'
import { syncFolder, writeAtomically } from '../../files/write.ts'

/** What an upgrade does, in its order; the last two undo it. Each is written down before it is done. */
export const ATTEMPT_STEPS = ['undeploy', 'snapshot', 'deploy', 'health', 'commit', 'restore', 'redeploy'] as const

export type AttemptStep = (typeof ATTEMPT_STEPS)[number]

const attemptSchema = z.object({
  format: z.literal(1),
  recipe: z.string(),
  stack: z.string(),
  from: versionAt,
  to: versionAt,
  stateful: z.boolean(),
  startedAt: z.string(),
  step: z.enum(ATTEMPT_STEPS),
  /** Why it is being rolled back; absent while nothing speaks against it. */
  failure: z.object({ cause: z.string(), text: z.string(), evidence: z.string().optional() }).optional(),
})

/** An upgrade that has begun and not come to its end. */
export type Attempt = z.infer<typeof attemptSchema>

/** What an interrupted upgrade has left written down cannot be read. */
export class AttemptFileError extends CcciError {}

const fileIn = (folder: string): string => join(folder, 'reconcile.json')

/** @throws {AttemptFileError} */
export function readAttempt(folder: string): Attempt | undefined {
  const file = fileIn(folder)
  if (!existsSync(file)) return undefined
  try {
    return attemptSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    throw new AttemptFileError({
      happened: 'What an interrupted upgrade of a shared app has left written down cannot be read.',
      lastSeen: messageOf(error),
      todo: 'See what runs, bring the last good version back if it does not, and remove the file.',
      evidence: file,
      cause: error,
    })
  }
}

/** Writes down what is about to be done. */
export function writeAttempt(folder: string, attempt: Attempt): void {
  writeAtomically(fileIn(folder), `${JSON.stringify(attempt, null, 2)}\n`, 0o600)
}

/** It has come to its end. */
export function endAttempt(folder: string): void {
  rmSync(fileIn(folder), { force: true })
  syncFolder(folder)
}

/** Whether the new version may have written to the data: only then is the snapshot the attempt's own. */
export const mayHaveWritten = ({ step, stateful }: Attempt): boolean =>
  stateful && ['deploy', 'health', 'commit', 'restore'].includes(step)
