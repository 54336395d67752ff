import { setTimeout as pause } from 'node:timers/promises'
import type Docker from 'dockerode'
import { ActivityWatch } from '../docker/activity.ts'
import { HopeWatch } from '../docker/hopeless.ts'
import { describeServices, isConverged } from '../docker/stack-view.ts'
import { CcciError, RecipeError } from '../errors.ts'
import type { AppHttp } from './http.ts'
import { type Probe, probe, probeHistory } from './probe.ts'
import { ReadyProbe } from './ready-probe.ts'

/** The app did not answer rightly within its time. */
export class ReadyTimeoutError extends RecipeError {}

/** The app is up, idle, and answers wrongly: waiting longer changes nothing. */
export class WrongAnswerError extends RecipeError {}

/** The app answers, is idle, and its recipe's own probe finds it not ready: waiting longer changes nothing. */
export class NotReadyError extends RecipeError {}

/** The reverse proxy does not know the app, although the app is up. */
export class NotRoutedError extends RecipeError {}

/** The certificate shown for the app's domain is not good for it. */
export class CertificateError extends CcciError {}

/** The reverse proxy itself does not answer. */
export class ProxyUnreachableError extends CcciError {}

export interface ReadyOptions {
  stack: string
  http: AppHttp
  /** Path that tells health, from the app's root. */
  path: string
  /** Statuses that count as ready. */
  statuses: readonly number[]
  /** The recipe's own word, asked once the answer is right; throws until the app is ready. */
  ready?: (() => void | Promise<void>) | undefined
  timeoutMs: number
  /** When the wait began that `timeoutMs` is for, by `performance.now()`. Default: now. */
  since?: number | undefined
  /** Services that say nothing of the app: what an upgrade has left behind. */
  except?: readonly string[] | undefined
  /** How long an idle app may go on answering wrongly before that counts as its last word. */
  settleMs: number
  signal?: AbortSignal | undefined
  onProgress?: ((text: string) => void) | undefined
  /** Every look is added here, for the evidence. */
  history: Probe[]
  /** Aborted once all services are up, when their answer is due; until then it is seldom asked for. Default: they are up. */
  due?: AbortSignal | undefined
}

/** A ready app answers within milliseconds, so a new one is asked often; one that takes long is asked less. */
const FAST_MS = 15
const SLOW_MS = 250
const FAST_FOR_MS = 10_000

/** The recipe's own probe may start programs in the app's containers: it is asked less. */
const PROBE_FAST_MS = 250
const PROBE_SLOW_MS = 1_000

/** How often the containers' processor time is looked at. */
const ACTIVITY_MS = 1_000

/**
 * Waits until the app answers over HTTPS through the reverse proxy. Three ends: ready; the deadline; or hopeless, when
 * swarm gives up on a service, or when the whole stack has been idle for `settleMs` and the answer is still wrong.
 *
 * @throws {ReadyTimeoutError | WrongAnswerError | NotReadyError | NotRoutedError | CertificateError | ProxyUnreachableError} and what
 *   {@link HopeWatch} finds.
 */
export async function awaitReady(docker: Docker, options: ReadyOptions): Promise<void> {
  const began = performance.now()
  const started = options.since ?? began
  const activity = new ActivityWatch(docker, options.stack, options.except)
  const hope = new HopeWatch(docker, options.stack)
  const own = options.ready && new ReadyProbe(options.ready)
  let nextActivity = began + ACTIVITY_MS
  let dueAt = options.due ? Number.POSITIVE_INFINITY : began
  for (;;) {
    options.signal?.throwIfAborted()
    if (options.due?.aborted) dueAt = Math.min(dueAt, performance.now())
    const answer = await probe(options.http, options.path, options.statuses, options.signal)
    const look = own && answer.kind === 'ready' ? await own.look(options.signal) : answer
    remember(options, look)
    if (look.kind === 'ready') return
    const now = performance.now()
    if (now >= nextActivity) {
      nextActivity = now + ACTIVITY_MS
      const { services, idleMs } = await activity.look()
      const hopeless = await hope.look(services, now)
      if (hopeless) throw hopeless
      if (idleMs >= options.settleMs && services.every(isConverged)) {
        throw settledWrong(look, options, `${describeServices(services)}; idle for ${Math.round(idleMs / 1000)} s`)
      }
    }
    if (now - started >= options.timeoutMs) {
      throw new ReadyTimeoutError({
        happened: `The app did not answer as it should within ${Math.round(options.timeoutMs / 1000)} s.`,
        lastSeen: `${look.text}\n${probeHistory(options.history.slice(-200))}`,
        todo: 'If it only needs longer: timeouts.http in recipe.ts, or CCCI_HTTP_TIMEOUT (seconds).',
      })
    }
    const fast = now >= dueAt && now - dueAt < FAST_FOR_MS
    const http = fast ? FAST_MS : SLOW_MS
    await nap(look.kind === 'not-ready' ? (fast ? PROBE_FAST_MS : PROBE_SLOW_MS) : http, options)
  }
}

/** Some time, or until the answer is due. */
async function nap(milliseconds: number, { signal, due }: ReadyOptions): Promise<void> {
  const wake = due && !due.aborted ? AbortSignal.any([due, ...(signal ? [signal] : [])]) : signal
  await pause(milliseconds, undefined, { signal: wake }).catch((error: unknown) => {
    if (!due?.aborted) throw error
  })
}

function remember(options: ReadyOptions, look: Probe): void {
  if (options.history.at(-1)?.text !== look.text) options.onProgress?.(look.text)
  options.history.push(look)
}

function settledWrong(look: Probe, options: ReadyOptions, stack: string): CcciError {
  const lastSeen = `${look.text}\n${stack}`
  switch (look.kind) {
    case 'no-route':
      return new NotRoutedError({
        happened: `The app is up and the reverse proxy has no route to it.`,
        lastSeen,
        todo: 'Check its Traefik labels: they must stand under deploy.labels, with traefik.enable=true and a Host(`${DOMAIN}`) rule, and the service must be on the proxy network.',
      })
    case 'certificate':
      return new CertificateError({
        happened: 'The reverse proxy shows a certificate that is not good for the app’s domain.',
        lastSeen,
        todo: 'Bring the dev host up again (npm run dev-host -- up), or check the wildcard certificate and CCCI_CA_FILE.',
      })
    case 'no-answer':
      return new ProxyUnreachableError({
        happened: 'Nothing answers where the reverse proxy should be.',
        lastSeen,
        todo: 'npm run dev-host -- status tells what is missing; npm run dev-host -- up brings it back.',
      })
    case 'not-ready':
      return new NotReadyError({
        happened: 'The app is up and answers, and the recipe’s ready probe finds it not ready.',
        lastSeen,
        todo: 'See the app’s log. If it does nothing until it is ready, give it time: timeouts.settle in recipe.ts.',
      })
    case 'gateway':
      return new WrongAnswerError({
        happened: `The app is up, and nothing works behind what answers ${options.path}.`,
        lastSeen,
        todo: 'See the app’s log: its own web server, or the reverse proxy by the port in its Traefik labels, sends requests where nobody listens.',
      })
    default:
      return new WrongAnswerError({
        happened: `The app is up and answers ${options.path} with something else than ${options.statuses.join(', ')}.`,
        lastSeen,
        todo: 'See the app’s log. If this answer is right: health: { path, statuses } in recipe.ts.',
      })
  }
}
