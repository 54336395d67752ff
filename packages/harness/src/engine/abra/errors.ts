import { stripVTControlCharacters } from 'node:util'
import { CcciError, RecipeError, UsageError } from '../../errors.ts'
import type { ProgramError } from '../../process/run.ts'

/** The engine "abra" was asked for, and abra or its folder is not there. */
export class AbraMissingError extends UsageError {}

/** A call of abra failed, and not by the recipe's doing. */
export class AbraError extends CcciError {
  /** What abra said after FATA; undefined when it ended without a word of that kind. */
  readonly fata: string | undefined

  constructor(told: ConstructorParameters<typeof CcciError>[0] & { fata?: string | undefined }) {
    super(told)
    this.fata = told.fata
  }
}

/** abra refuses to deploy the recipe; its reason is in `lastSeen`. */
export class AbraRefusedError extends RecipeError {}

/**
 * What abra gave as the reason for its end: the text after the last `FATA`, lines that follow it included. abra prints it
 * to standard output, with colours and a time before it on some terminals.
 */
export function fataOf(output: string): string | undefined {
  const lines = stripVTControlCharacters(output).replaceAll('\r', '').split('\n')
  const at = lines.findLastIndex((line) => FATA.test(line))
  if (at === -1) return undefined
  return lines.slice(at).join('\n').replace(FATA, '').trim()
}

const FATA = /^.*?\bFATA\b[:\s]*/

/** What to do about messages that have a known cause. */
const KNOWN: readonly [RegExp, string][] = [
  [
    /already deployed/i,
    'Something is deployed under this name: who else works on this stack? npx cc-ci janitor removes what is left over.',
  ],
  [/locally unstaged changes/i, 'abra deploys only a clean tree: did something write into the run’s checkout?'],
  [/inappropriate ioctl/i, 'This command of abra wants a terminal: it must be called through `script`.'],
  [
    /deploy (failed|timed out)/i,
    'abra gave up waiting although it was told not to wait (-c): does this abra know the flag?',
  ],
  [
    /server .*(not|no such)|unknown server/i,
    'See `abra server ls`; the server to use is the setting CCCI_ABRA_SERVER.',
  ],
  [/R014/, 'Publish versions with annotated tags: git tag --annotate, or abra recipe release.'],
]

/** A failed call of abra as an error of its own. `command` is what was called, without values. */
export function abraError(command: string, error: ProgramError): AbraError {
  const fata = fataOf(error.output)
  const shown = stripVTControlCharacters(error.output).replaceAll('\r', '').trim()
  return new AbraError({
    happened: `\`abra ${command}\` ${ending(error)}${fata ? `: ${fata.split('\n')[0]}` : '.'}`,
    lastSeen: shown.split('\n').slice(-12).join('\n') || `exit code ${error.exitCode}, no output`,
    todo: KNOWN.find(([pattern]) => pattern.test(shown))?.[1],
    fata,
    cause: error,
  })
}

function ending(error: ProgramError): string {
  if (error.timedOut) return 'did not end in its time and was ended'
  if (error.killed) return 'was ended by somebody else'
  return 'failed'
}
