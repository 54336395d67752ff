/** What a build, a stage or a step may be. */
export type DroneStatus =
  | 'pending'
  | 'running'
  | 'success'
  | 'failure'
  | 'error'
  | 'killed'
  | 'skipped'
  | 'blocked'
  | 'declined'
  | 'waiting_on_dependencies'

const FINAL: readonly DroneStatus[] = ['success', 'failure', 'error', 'killed', 'skipped', 'declined']

interface StandInStep {
  number: number
  name: string
  status: DroneStatus
  log: { pos: number; out: string; time: number }[]
}

export interface StandInBuild {
  number: number
  parent: number
  status: DroneStatus
  error: string
  branch: string
  commit: string
  trigger: string
  params: Record<string, string>
  created: number
  started: number
  finished: number
  steps: StandInStep[]
}

export const isFinal = (status: DroneStatus): boolean => FINAL.includes(status)

const now = (): number => Math.floor(Date.now() / 1000)

/** Begins, goes on or ends; `error` only where the status is that. */
export function turn(build: StandInBuild, status: DroneStatus, error = ''): void {
  build.status = status
  build.error = status === 'error' ? error : ''
  if (status === 'running') build.started = now()
  if (isFinal(status)) build.finished = now()
  for (const step of build.steps) if (!isFinal(step.status)) step.status = status
}

/** A build as Drone tells it: what is empty is left out, and stages only where one build is asked for. */
export function asJson(build: StandInBuild, withStages: boolean): Record<string, unknown> {
  const { number, parent, status, error, branch, commit, trigger, params, created, started, finished, steps } = build
  return {
    id: 100_000 + number,
    repo_id: 1,
    trigger,
    number,
    ...(parent ? { parent } : {}),
    status,
    ...(error ? { error } : {}),
    event: 'custom',
    action: '',
    // The commit in Gitea, and not the page of the build.
    link: `http://gitea.invalid/commit/${commit}`,
    message: params.message ?? 'a commit',
    before: commit,
    after: commit,
    ref: `refs/heads/${branch}`,
    source_repo: '',
    source: branch,
    target: branch,
    sender: trigger,
    ...(Object.keys(params).length > 0 ? { params } : {}),
    started,
    finished,
    created,
    updated: now(),
    version: 1,
    ...(withStages
      ? {
          stages: [
            {
              id: number,
              build_id: 100_000 + number,
              number: 1,
              name: 'recipe',
              kind: 'pipeline',
              type: 'exec',
              status,
              exit_code: status === 'failure' ? 1 : 0,
              steps: steps.map((step) => ({ id: step.number, step_id: step.number, ...step, log: undefined })),
            },
          ],
        }
      : {}),
  }
}
