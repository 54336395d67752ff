import type { CommitStatus } from './gitea/client.ts'
import type { StatusState } from './gitea/schema.ts'
import type { Outcome } from './outcome.ts'
import type { BridgeRun } from './store/runs.ts'

const STATE: Record<Outcome['result'], StatusState> = {
  green: 'success',
  red: 'failure',
  infrastructure: 'error',
  interrupted: 'error',
  superseded: 'error',
  deadline: 'error',
  queue: 'error',
}

const SAID: Record<Outcome['result'], string> = {
  green: 'green',
  red: 'red',
  infrastructure: 'not verified, and not by the recipe’s doing',
  interrupted: 'interrupted from outside',
  superseded: 'ended for a newer run',
  deadline: 'took longer than a run may',
  queue: 'waited longer than a run may',
}

/** The status of the commit under test. A quick run has a context of its own: it gates no merge. */
export function statusOf(run: BridgeRun, publicUrl: string): CommitStatus {
  const { outcome } = run
  const level = outcome?.level === undefined ? '' : `, level ${outcome.level} of 5`
  return {
    context: run.quick ? 'cc-ci/quick' : 'cc-ci',
    state: outcome ? STATE[outcome.result] : 'pending',
    description: outcome ? `${SAID[outcome.result]}${level}` : run.beganAt ? 'running' : 'waiting for its turn',
    target_url: run.link ?? publicUrl,
  }
}
