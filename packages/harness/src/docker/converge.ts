import type Docker from 'dockerode'
import { RecipeError } from '../errors.ts'
import { HopeWatch } from './hopeless.ts'
import { openPulse } from './pulse.ts'
import { describeServices, isConverged, type ServiceView, stackView, taskTable } from './stack-view.ts'

/** A stack did not come up within its time. */
export class ConvergeTimeoutError extends RecipeError {}

/** Nothing of the stack is there to wait for. */
export class NoServicesError extends RecipeError {}

export interface ConvergeOptions {
  /** Milliseconds until {@link ConvergeTimeoutError}. */
  timeoutMs: number
  /** Services that are not waited for, whatever becomes of them: what an upgrade has left behind. */
  except?: readonly string[] | undefined
  signal?: AbortSignal | undefined
  /** Told whenever what is being waited for changes. */
  onProgress?: (text: string) => void
}

/** A service whose container has ended before must now run this long: a crash loop is up for moments, too. */
const STEADY_MS = 2_500

/** A container without a health check counts as running before it had time to fail. */
const UNCHECKED_MS = 1_000

/** Task states are not among the engine's events. Shortly after an event they are about to change; then silence is trusted longer. */
const LOOK_AGAIN_MS = 50
const STIRRED_FOR_MS = 200
const LOOK_SELDOM_MS = 250

/**
 * Waits until every service of a stack runs its current specification N/N. Three ends: ready; the deadline; or hopeless,
 * at once, when swarm would try for ever (a missing image, a crash loop, a rejected task, an update paused or rolled back).
 *
 * @returns the services as they stand.
 * @throws {ConvergeTimeoutError | MissingImageError | CrashLoopError | TaskRejectedError | TaskFailedError |
 *   UpdateRolledBackError | UpdatePausedError | UnschedulableError}
 */
export async function converge(docker: Docker, stack: string, options: ConvergeOptions): Promise<ServiceView[]> {
  const deadline = performance.now() + options.timeoutMs
  const pulse = await openPulse(docker, stack)
  const hope = new HopeWatch(docker, stack)
  let said = ''
  let upSince: number | undefined
  let stirredAt = performance.now()
  try {
    for (;;) {
      options.signal?.throwIfAborted()
      const services = (await stackView(docker, stack)).filter(({ name }) => !options.except?.includes(name))
      const text = describeServices(services)
      if (text !== said) options.onProgress?.(text)
      said = text
      const hopeless = await hope.look(services, performance.now())
      if (hopeless) throw hopeless
      const now = performance.now()
      const up = services.length > 0 && services.every(isConverged)
      upSince = up ? (upSince ?? now) : undefined
      if (upSince !== undefined && now - upSince >= steadyMs(services)) return services
      const left = deadline - now
      if (left <= 0) throw timedOut(stack, services, options.timeoutMs)
      const pause = now - stirredAt < STIRRED_FOR_MS ? LOOK_AGAIN_MS : LOOK_SELDOM_MS
      if (await pulse.changed(Math.min(pause, left), options.signal)) stirredAt = performance.now()
    }
  } finally {
    pulse.close()
  }
}

/** How long a stack must have been up as a whole before that is believed. */
function steadyMs(services: ServiceView[]): number {
  if (services.some(hasEnded)) return STEADY_MS
  return services.some((service) => service.desired > 0 && !service.hasHealthcheck) ? UNCHECKED_MS : 0
}

const hasEnded = (service: ServiceView): boolean =>
  service.desired > 0 && service.tasks.some((task) => task.state === 'failed' || task.state === 'rejected')

function timedOut(stack: string, services: ServiceView[], timeoutMs: number): RecipeError {
  const after = `within ${Math.round(timeoutMs / 1000)} s`
  if (services.length === 0) {
    return new NoServicesError({
      happened: `${stack} has no services ${after}.`,
      todo: 'Was it removed by somebody else?',
    })
  }
  return new ConvergeTimeoutError({
    happened: `${stack} did not come up ${after}.`,
    lastSeen: `${describeServices(services)}\n${taskTable(services)}`,
    todo: 'If it only needs longer: timeouts.deploy in recipe.ts, or CCCI_DEPLOY_TIMEOUT (seconds).',
  })
}
