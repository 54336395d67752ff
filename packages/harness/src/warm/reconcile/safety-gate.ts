import type { Target } from '../../engine/engine.ts'
import type { RecipeCheckout } from '../../recipe/checkout.ts'
import { lintRecipe } from '../../recipe/lint/lint.ts'
import { brokenRules, findingText } from '../../recipe/lint/report.ts'
import { type ReleaseNote, releaseNotes } from '../../recipe/release-notes.ts'
import { bumpKind, parseVersion } from '../../recipe/version.ts'

/** Why a version is not applied by itself. */
export interface Hold {
  cause: 'major' | 'release notes' | 'lint' | 'failed before'
  text: string
}

/** Words of notes that ask a person to do something, or tell of what a rollback cannot undo. */
const ASKS = [
  /\bmanual(ly)?\b|\bby hand\b/i,
  /\bmigrat(e|es|ed|ing|ion|ions)\b/i,
  /\bbreaking\b|\bin(-?)compatib(le|ility|ilities)\b/i,
  /\b(must|need(s|ed)? to|ha(s|ve) to|required?|requires|mandatory)\b/i,
  /\b(before|prior to|after) (you |the )?(upgrad|updat|deploy)\w*/i,
  /\bback( it| them|-)? ?up (your|the|all|everything|first)\b/i,
  /\b(irreversible|cannot be (undone|reverted|rolled back)|data loss|lose (any |your |all )?data)\b/i,
  /\babra (app|recipe) \w+/i,
]

/** What says that nobody has to do anything. */
const NOTHING_TO_DO = [
  /\b(no|without( any)?|not( a| any)?|non|zero)[- ](manual|breaking|further|additional|other)?\s*(steps?|actions?|interventions?|migrations?|changes?|work)\b( (is|are)? ?(needed|required|necessary))?/gi,
  /\b(no|without( any)?|not( a| any)?|non)[- ](manual|breaking|migrations?|data loss)\b/gi,
  /\b(nothing|not|isn't|aren't|is not|are not) (is |to be )?(required|needed|mandatory)\b/gi,
  /\b(do not|don't|doesn't|does not) (need|have) to\b/gi,
]

/** The first line of a note that asks for something, as `file:line: text`. */
export function askingLine({ file, text }: Pick<ReleaseNote, 'file' | 'text'>): string | undefined {
  for (const [index, line] of text.split('\n').entries()) {
    const rest = NOTHING_TO_DO.reduce((words, nothing) => words.replaceAll(nothing, ' '), line)
    if (ASKS.some((asks) => asks.test(rest))) return `${file}:${index + 1}: ${line.trim()}`
  }
  return undefined
}

/** What is to be judged: a version, checked out. */
export interface GateRequest {
  checkout: RecipeCheckout
  domain: string
  stack: string
  env: Record<string, string>
  /** The version that runs, such as `1.2.3+4.5`; `undefined` for a first deployment. */
  from: string | undefined
  /** It is checked out. */
  to: Target
  signal?: AbortSignal | undefined
}

/**
 * What speaks against applying a version without a person: errors of lint, a major step of the recipe's version, notes of a
 * version on the way that ask for manual steps. Nothing is deployed for it.
 */
export async function holdsOf(request: GateRequest): Promise<Hold[]> {
  const { checkout, domain, stack, env, to, signal } = request
  const holds: Hold[] = []
  const report = await lintRecipe({ checkout, at: to, domain, stack, env, signal })
  for (const { id, title, findings } of brokenRules(report, 'error')) {
    const [finding] = findings
    holds.push({ cause: 'lint', text: `${id}: ${finding ? findingText(finding) : title}` })
  }
  const [before, after] = [parseVersion(request.from ?? ''), parseVersion(to.version)]
  if (!before || !after) return holds
  if (bumpKind(before, after) === 'major') {
    holds.push({ cause: 'major', text: `${before.text} → ${after.text} is a major step of the recipe's version` })
  }
  for (const note of await releaseNotes(checkout.dir, before, after)) {
    const line = askingLine(note)
    if (line) holds.push({ cause: 'release notes', text: line })
  }
  return holds
}
