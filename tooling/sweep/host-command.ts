import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf, ProgramError, run, secrets } from '@cc-ci/harness'
import type { SweptHostCommand } from './record.ts'

export interface HostCommandRequest {
  /** A shell command. */
  command: string
  timeoutMs: number
  /** The sweep's folder; what it prints goes there. */
  folder: string
  signal?: AbortSignal | undefined
}

/** The file with what the host command printed. */
const LOG = 'host-command.log'

/** Runs the command with which a host begins its sweep, bounded. Never rejects: what went wrong is in what is returned. */
export async function hostCommandStep(request: HostCommandRequest): Promise<SweptHostCommand> {
  const { command, timeoutMs, folder, signal } = request
  const started = performance.now()
  const keep = (text: string) => writeFileSync(join(folder, LOG), secrets.text(text))
  // What lets us in elsewhere is none of its business.
  const env = { CCCI_ALERT_SECRET: undefined, CCCI_ALERT_WEBHOOK: undefined }
  try {
    const { all, durationMs } = await run('sh', ['-c', command], { timeoutMs, env, signal })
    keep(all)
    return { outcome: 'done', durationMs: Math.round(durationMs), log: LOG }
  } catch (error) {
    keep(error instanceof ProgramError ? error.output : messageOf(error))
    const why = secrets.text(messageOf(error))
    return { outcome: 'failed', durationMs: Math.round(performance.now() - started), why, log: LOG }
  }
}
