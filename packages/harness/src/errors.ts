import { channel } from 'node:diagnostics_channel'

/** Told of every error of cc-ci as it is made, for a runner that hands on no more of an error than its text. */
export const errorsMade = channel('cc-ci:error')

/** Whose doing a failure is: decides between `fail` (the recipe) and `unverified` (the infrastructure), and the exit code. */
export type Blame = 'recipe' | 'infrastructure' | 'usage'

/** What every error of cc-ci tells a person, in this order. */
export interface Told {
  /** What happened, one sentence. */
  happened: string
  /** What was last seen before it happened: a task's state, a program's last lines, an HTTP answer. */
  lastSeen?: string | undefined
  /** What the reader can do about it. */
  todo?: string | undefined
  /** Where the evidence is: a file, a folder, a command. */
  evidence?: string | undefined
  cause?: unknown
}

const indented = (text: string): string => text.trimEnd().replaceAll('\n', '\n    ')

/**
 * The base of all errors cc-ci throws on purpose. One subclass per cause, so callers tell causes apart by `instanceof`
 * (or, across a process border, by `name`).
 */
export class CcciError extends Error {
  readonly blame: Blame = 'infrastructure'
  readonly told: Told

  constructor(told: Told) {
    const lines = [told.happened]
    if (told.lastSeen) lines.push(`  last seen: ${indented(told.lastSeen)}`)
    if (told.todo) lines.push(`  to do: ${indented(told.todo)}`)
    if (told.evidence) lines.push(`  evidence: ${indented(told.evidence)}`)
    super(lines.join('\n'), told.cause === undefined ? undefined : { cause: told.cause })
    this.told = told
    this.name = new.target.name
    errorsMade.publish(this)
  }
}

/** Somebody asked for something that cannot be: a bad setting, an unknown recipe, a wrong flag. Nothing was touched. */
export class UsageError extends CcciError {
  override readonly blame: Blame = 'usage'
}

/** The recipe under test is at fault. */
export class RecipeError extends CcciError {
  override readonly blame: Blame = 'recipe'
}

/** The text of anything thrown, for a person. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
