import { writeFileSync } from 'node:fs'
import type { DeployedState } from './app.ts'

/** An app that is already there, as another process has deployed it. */
export interface Attachment {
  recipe: string
  domain: string
  stack: string
  runId: string
  /** Where what the tests keep goes: evidence, and a journal that names it. Absent: nowhere that is looked at. */
  folder?: string
  /** Absent: nothing is known of it but the way there. */
  deployed?: DeployedState
}

/** Writes down what attaching needs; for nobody else's eyes, since an app's variables are its secrets, too. */
export function writeAttachment(file: string, attachment: Attachment): void {
  writeFileSync(file, JSON.stringify(attachment), { mode: 0o600 })
}
