import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Downtime } from '../app/downtime.ts'
import { type Blame, CcciError, messageOf } from '../errors.ts'
import type { LintReport } from '../recipe/lint/report.ts'
import { secrets } from '../redact/secrets.ts'
import type { TestFact } from './facts.ts'
import type { Plan } from './plan.ts'
import type { Stage } from './stages.ts'

/** What happens in a run, as the process that does it writes it down; the record and the progress display read it. */
export type JournalEvent =
  /** What is under test, once it is known. */
  | {
      event: 'subject'
      recipe: string
      version: string
      commit: string
      ref: string | undefined
      base: string | undefined
      domain: string
      stack: string
      plan: Plan
      /** Host differences that were handled, such as "no IPVS: endpoint_mode dnsrr". */
      quirks: string[]
      /** The options in force. */
      customisation: Record<string, unknown>
      /** Which file each of them comes from. */
      customisationFrom?: Record<string, string>
    }
  /** A quick run was asked for: the canonical that it works on, or why it is a cold run instead. */
  | { event: 'quick'; canonical: QuickCanonical }
  | { event: 'quick'; cold: string }
  /** What lint says of the version under test. */
  | { event: 'lint'; report: LintReport }
  /** A deployment was begun; counted against the plan. */
  | { event: 'deployment'; number: number; purpose: 'install' | 'upgrade base' | 'restore'; version: string }
  /** An upgrade in place has ended; how long the app gave no good answer meanwhile. */
  | ({
      event: 'upgrade'
      from: string
      to: string
      /** False: it failed, or changed nothing. */
      completed: boolean
      /** Services of the version before that the new one has no more; they go on running. */
      dropped: string[]
    } & Downtime)
  /** What is being done or waited for right now; replaces the one before. */
  | { event: 'step'; text: string }
  /** A step worth keeping is done. */
  | { event: 'done'; text: string; durationMs: number }
  | { event: 'not-applicable'; stage: Stage; reason: string }
  | { event: 'unverified'; stage: Stage; reason: string }
  /** A test failed, which blocks later stages; a worker that begins after that knows it from here. */
  | {
      event: 'test-failed'
      stage: Stage
      name: string
      /** The app could not be deployed: no later test tries again. */
      appFailed: boolean
    }
  /** Whose doing an error is that a test or the run ended with, where the runner hands on no more than its text. */
  | { event: 'error'; name: string; message: string; blame: Blame }
  | { event: 'warning'; text: string }
  /** A test of the recipe's own has ended; the runner knows nothing of it. */
  | { event: 'local-test'; test: Omit<TestFact, 'stage'> }
  /** The run was asked to end from outside: nothing more is to be begun. */
  | { event: 'interrupted'; why: string }
  /** The same runner begins the run anew; what stands above is another time's. */
  | { event: 'again' }
  /** A file of evidence was kept; `file` is relative to the run's folder. */
  | {
      event: 'evidence'
      stage: Stage | undefined
      kind: 'screenshot' | 'console' | 'logs' | 'tasks' | 'probes' | 'compose' | 'trace'
      file: string
      caption: string
    }
  /** A failed app was left up until a moment (milliseconds since 1970) instead of being removed. */
  | { event: 'kept'; until: number; url: string; stack: string }
  /** The scope was closed. `left` names what could not be removed. */
  | { event: 'teardown'; clean: boolean; left: string[]; durationMs: number }
  /** How often the app was deployed, and how often the plan says for the stages that ran. */
  | { event: 'deployments'; counted: number; planned: number }

/** The known-good of a canonical that a quick run works on. */
export interface QuickCanonical {
  version: string
  commit: string
  /** When its snapshot was taken (ISO 8601). */
  takenAt: string
  /** False: the version under test is the canonical's own, so nothing is upgraded. */
  upgraded: boolean
}

/** A journal event as it stands in the file: with the time, in milliseconds since 1970. */
export type JournalLine = JournalEvent & { at: number }

/** The run's journal cannot be written: what happens can no longer be told, so the run cannot be green. */
export class JournalError extends CcciError {}

export interface Journal {
  readonly file: string
  /** @throws {JournalError} */
  write(event: JournalEvent): void
}

/** Opens (and creates) the journal in `file`: one JSON object a line, each written whole before `write` returns. */
export function openJournal(file: string): Journal {
  mkdirSync(dirname(file), { recursive: true })
  return {
    file,
    write(event) {
      try {
        appendFileSync(file, `${secrets.text(JSON.stringify({ at: Date.now(), ...event }))}\n`)
      } catch (error) {
        throw new JournalError({
          happened: 'The journal of the run could not be written.',
          lastSeen: messageOf(error),
          todo: 'Is there room on the disk of the state directory (df), and may this user write there?',
          evidence: file,
          cause: error,
        })
      }
    },
  }
}

/** Every whole line of a journal, in order; none when there is no such file. A line cut short by a crash says nothing. */
export function readJournal(file: string): JournalLine[] {
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as JournalLine]
      } catch {
        return []
      }
    })
}
