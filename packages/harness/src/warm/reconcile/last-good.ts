import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { versionAt } from '../../alert/alert.ts'
import { CcciError, messageOf } from '../../errors.ts'
import { writeAtomically } from '../../files/write.ts'

const lastGoodSchema = versionAt.extend({
  recipe: z.string(),
  stack: z.string(),
  /** ISO time at which it was found well for the first time. */
  since: z.string(),
})

/** The version of a shared app that was found well last: what is gone back to. */
export type LastGood = z.infer<typeof lastGoodSchema>

const refusedSchema = versionAt.extend({
  cause: z.string(),
  /** ISO time. */
  at: z.string(),
})

/** A version that was tried, failed and is not tried again by itself. */
export type Refused = z.infer<typeof refusedSchema>

/** What is kept of a shared app cannot be read. */
export class SharedAppFileError extends CcciError {}

const lastGoodFile = (folder: string): string => join(folder, 'last-good.json')
const refusedFile = (folder: string): string => join(folder, 'refused.json')

/** @throws {SharedAppFileError} */
export const readLastGood = (folder: string): LastGood | undefined => read(lastGoodFile(folder), lastGoodSchema)

export const writeLastGood = (folder: string, lastGood: LastGood): void => write(lastGoodFile(folder), lastGood)

/** @throws {SharedAppFileError} */
export const readRefused = (folder: string): Refused | undefined => read(refusedFile(folder), refusedSchema)

export const writeRefused = (folder: string, refused: Refused): void => write(refusedFile(folder), refused)

function read<Schema extends z.ZodType>(file: string, schema: Schema): z.output<Schema> | undefined {
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new SharedAppFileError({
      happened: 'What is kept of a shared app cannot be read.',
      lastSeen: messageOf(error),
      todo: 'Remove the file: what runs is asked for its health then, and becomes the last good version.',
      evidence: file,
      cause: error,
    })
  }
}

function write(file: string, content: unknown): void {
  writeAtomically(file, `${JSON.stringify(content, null, 2)}\n`, 0o600)
}
