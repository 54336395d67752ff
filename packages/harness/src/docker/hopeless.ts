import type Docker from 'dockerode'
import { CcciError, RecipeError } from '../errors.ts'
import { containerLogs, newestContainerTask } from './logs.ts'
import { isConverged, type ServiceView, type TaskView } from './stack-view.ts'

/** The engine refused a task because its image is not there: swarm would try again for ever. */
export class MissingImageError extends RecipeError {}

/** The engine refused a task for another reason, again and again. */
export class TaskRejectedError extends RecipeError {}

/** A container ends again and again while the rest of the stack is up. */
export class CrashLoopError extends RecipeError {}

/** A one-shot task failed and its restart policy allows no further try. */
export class TaskFailedError extends RecipeError {}

/** Swarm put the old version back because the new one would not run. */
export class UpdateRolledBackError extends RecipeError {}

/** Swarm stopped an update half-way because the new version would not run. */
export class UpdatePausedError extends RecipeError {}

/** No node can take the task: a port that is in use, a constraint, too little memory. */
export class UnschedulableError extends CcciError {}

/** Swarm's manager gives a task none of the network addresses it needs. */
export class NoAddressError extends CcciError {}

/** How often a service must have ended, with nothing else moving in the stack, before it counts as hopeless. */
const CRASHES = 3
const REJECTIONS = 3
const UNSCHEDULABLE_MS = 5_000
const UNALLOCATED_MS = 20_000

const failed = (task: TaskView): boolean => task.state === 'failed'
const rejected = (task: TaskView): boolean => task.state === 'rejected'

/** A container that has ended before is up for good only after this long. */
const STEADY_MS = 2_500

/**
 * Watches a stack over time and knows when waiting has become pointless. Crashes of a service count only from the moment
 * when the last of the others came up (or went down): an app that dies until its database answers is not hopeless.
 */
export class HopeWatch {
  readonly #docker: Docker
  readonly #stack: string
  /** For each service: which others were up, and the crashes that had been seen by then. */
  readonly #counted = new Map<string, { others: string; crashes: Set<string> }>()
  readonly #upSince = new Map<string, number>()
  #stuckSince = new Map<string, number>()

  constructor(docker: Docker, stack: string) {
    this.#docker = docker
    this.#stack = stack
  }

  /** The reason to give up, or nothing. */
  async look(services: ServiceView[], now: number): Promise<CcciError | undefined> {
    const up = services.filter((service) => this.#isUp(service, now))
    for (const service of services) {
      const others = up.filter((other) => other !== service).map(({ name }) => name)
      if (this.#counted.get(service.id)?.others === others.join()) continue
      const crashes = new Set(service.tasks.filter(failed).map(({ id }) => id))
      this.#counted.set(service.id, { others: others.join(), crashes })
    }
    for (const service of services) {
      const error = updateEnded(service) ?? missingImage(service) ?? this.#stuck(service, now)
      if (error) return error
      if (isConverged(service)) continue
      const ended = rejectedOften(service) ?? (await this.#crashing(service, services))
      if (ended) return ended
    }
    return undefined
  }

  /** One that crashes is up for moments, which are no news to the others. */
  #isUp(service: ServiceView, now: number): boolean {
    if (!isConverged(service)) {
      this.#upSince.delete(service.id)
      return false
    }
    const since = this.#upSince.get(service.id) ?? now
    this.#upSince.set(service.id, since)
    return !service.tasks.some(failed) || now - since >= STEADY_MS
  }

  /** Tasks that stay in a state which passes in no time on a healthy host. */
  #stuck(service: ServiceView, now: number): CcciError | undefined {
    const task = service.tasks.find(
      ({ state, error }) => state === 'new' || (state === 'pending' && error.startsWith('no suitable node')),
    )
    const key = task && `${service.id} ${task.state}`
    for (const other of this.#stuckSince.keys()) {
      if (other.startsWith(service.id) && other !== key) this.#stuckSince.delete(other)
    }
    if (!task || !key) return undefined
    const since = this.#stuckSince.get(key) ?? now
    this.#stuckSince.set(key, since)
    if (now - since < (task.state === 'new' ? UNALLOCATED_MS : UNSCHEDULABLE_MS)) return undefined
    return task.state === 'new'
      ? new NoAddressError({
          happened: `Swarm gives the service "${service.name}" of ${this.#stack} no network address.`,
          lastSeen: `task ${task.id} has been in the state "new" for ${Math.round((now - since) / 1000)} s`,
          todo: 'A network of the stack has no free address (they leak when a stack is removed with docker stack rm) or overlaps another one. Recreating that network gives the addresses back.',
        })
      : new UnschedulableError({
          happened: `No node can run the service "${service.name}" of ${this.#stack}.`,
          lastSeen: `task ${task.id} is pending: ${task.error}`,
          todo: 'Free the port or the resource it names, or change the service’s placement.',
        })
  }

  async #crashing(service: ServiceView, services: ServiceView[]): Promise<CcciError | undefined> {
    const counted = this.#counted.get(service.id)?.crashes ?? new Set()
    const fresh = service.tasks.filter((task) => failed(task) && !counted.has(task.id))
    const last = service.tasks.filter(failed).at(-1)
    if (!last) return undefined
    const noFurtherTry = !service.tasks.some((task) => task.desiredState === 'running' || task.desiredState === 'ready')
    if (noFurtherTry && service.restartCondition === 'none') return await this.#taskFailed(service, last)
    const othersWait = services.some((other) => other !== service && !isConverged(other) && !other.tasks.some(failed))
    // The newest failure is the one whose log is still there; the count includes those before this watch saw them.
    if (othersWait || fresh.length + (services.length === 1 ? counted.size : 0) < CRASHES) return undefined
    return new CrashLoopError({
      happened: `The container of "${service.name}" in ${this.#stack} ends again and again (${CRASHES} times at least${services.length > 1 ? ', with every other service up' : ''}).`,
      lastSeen: `${last.error || `exit code ${last.exitCode}`}; its last lines:\n${await this.#lastLines(service)}`,
      todo: 'Read the lines above: the app itself says why it ends. If it waits for something, let it wait instead of exiting.',
    })
  }

  async #taskFailed(service: ServiceView, task: TaskView): Promise<CcciError> {
    return new TaskFailedError({
      happened: `The service "${service.name}" of ${this.#stack} failed and is not tried again (restart_policy: none).`,
      lastSeen: `${task.error || `exit code ${task.exitCode}`}; its last lines:\n${await this.#lastLines(service)}`,
    })
  }

  async #lastLines(service: ServiceView): Promise<string> {
    const ended =
      service.tasks.filter((task) => failed(task) && task.containerId).at(-1) ?? newestContainerTask(service)
    return ended?.containerId
      ? (await containerLogs(this.#docker, ended.containerId)) || '(it printed nothing)'
      : '(no container was made)'
  }
}

function updateEnded(service: ServiceView): CcciError | undefined {
  if (service.updateState?.startsWith('rollback')) {
    return new UpdateRolledBackError({
      happened: `Swarm rolled the service "${service.fullName}" back to its old version.`,
      lastSeen: `update state "${service.updateState}": ${service.updateMessage ?? ''}\n${taskErrors(service)}`,
      todo: 'The new version did not stay up: see the task errors and its log. `failure_action: rollback` makes that look healthy, and it is not.',
    })
  }
  if (service.updateState !== 'paused') return undefined
  return new UpdatePausedError({
    happened: `Swarm paused the update of "${service.fullName}" half-way.`,
    lastSeen: `update state "paused": ${service.updateMessage ?? ''}\n${taskErrors(service)}`,
    todo: 'The new version did not stay up: see the task errors and its log.',
  })
}

function missingImage(service: ServiceView): CcciError | undefined {
  const task = service.tasks.find((candidate) => rejected(candidate) && /no such image/i.test(candidate.error))
  if (!task) return undefined
  const image = service.image.split('@')[0]
  return new MissingImageError({
    happened: `The image ${image} of the service "${service.name}" is not there.`,
    lastSeen: `task rejected: ${task.error}`,
    todo: `Check its name and tag in the compose file: the engine finds it neither here (docker image ls) nor in its registry.`,
  })
}

function rejectedOften(service: ServiceView): CcciError | undefined {
  const refusals = service.tasks.filter(rejected)
  const last = refusals.at(-1)
  if (!last || refusals.length < REJECTIONS) return undefined
  return new TaskRejectedError({
    happened: `The engine refuses to start the service "${service.fullName}" (${refusals.length} times).`,
    lastSeen: last.error,
    todo: 'Mend what the engine names: a bind mount that is not there, a bad option, a network without free addresses.',
  })
}

function taskErrors(service: ServiceView): string {
  return service.tasks
    .filter((task) => task.error)
    .map((task) => `${task.state}: ${task.error}`)
    .join('\n')
}
