import type Docker from 'dockerode'
import { STACK_LABEL } from '../docker/labels.ts'
import { throughOutage } from '../docker/outage.ts'
import { openPulse, type Pulse } from '../docker/pulse.ts'
import { CcciError, messageOf } from '../errors.ts'
import { describeResidue, helpersOf, type Named, residueOf, runningOf } from './residue.ts'

/** Something of a stack is still there after its removal. */
export class TeardownError extends CcciError {
  readonly left: string[]

  constructor(stack: string, left: string[]) {
    super({
      happened: `${stack} was removed, and this is still there: ${left.join(', ')}.`,
      todo: 'Find what holds it (docker ps -a, docker service ls) and remove it; the run stays red.',
    })
    this.left = left
  }
}

export interface TeardownOptions {
  /** Milliseconds for all of it. */
  timeoutMs: number
  /** Told what is being done. */
  onStep?: ((text: string) => void) | undefined
}

export interface StopOptions extends TeardownOptions {
  /**
   * The containers are told to end (SIGTERM) and may take as long as their services give them (`stop_grace_period`), on top
   * of the time for all of it. Default: they are removed by force.
   */
  graceful?: boolean | undefined
}

/** How long a container may take to end where its service says nothing (ms): the engine's own default. */
const GRACE_MS = 10_000

/** Task states are not among the engine's events: look again this soon. */
const LOOK_AGAIN_MS = 50

/**
 * Takes a stack's services away, waits until swarm has forgotten their tasks, and only then removes its networks. Data
 * (volumes, secrets, configs) stays. The order matters: a network removed while tasks live leaks their addresses on
 * every other network, `proxy` among them, for good (moby/moby #37338, moby/swarmkit #3230).
 *
 * @throws {TeardownError} naming what is left at the deadline.
 */
export async function stopStack(docker: Docker, stack: string, options: StopOptions): Promise<void> {
  const graceMs = options.graceful ? await graceOf(docker, stack) : 0
  const passes = new Passes(docker, stack, { ...options, timeoutMs: options.timeoutMs + graceMs })
  const told = new Set<string>()
  const tell = (text: string) => {
    if (!told.has(text)) options.onStep?.(text)
    told.add(text)
  }
  await passes.until(async () => {
    const { services, tasks, containers } = await runningOf(docker, stack)
    if (services.length > 0) tell(`removing ${services.map(({ name }) => name).join(', ')}`)
    await Promise.all(services.map(({ id }) => unlessBusy(docker.getService(id).remove())))
    // Also those that swarm was just about to start when their service went.
    if (graceMs > 0) await endByThemselves(docker, stack, containers, graceMs)
    await forceRemove(docker, containers)
    if (services.length === 0 && tasks.length > 0) tell(`waiting for swarm to forget the tasks of ${stack}`)
    return describeResidue({ services, tasks, containers })
  })
  await passes.until(async () => {
    const { networks } = await residueOf(docker, stack)
    await Promise.all(networks.map(({ id }) => unlessBusy(docker.getNetwork(id).remove())))
    return describeResidue({ networks })
  })
}

/**
 * Removes every trace of a stack: services, containers and tasks; then networks; then volumes, secrets and configs; then
 * looks again. Needs nothing but the stack's name, is idempotent, and never removes an image.
 *
 * @throws {TeardownError} naming what remains.
 */
export async function removeStack(docker: Docker, stack: string, options: TeardownOptions): Promise<void> {
  const started = performance.now()
  await stopStack(docker, stack, options)
  const timeoutMs = options.timeoutMs - (performance.now() - started)
  await new Passes(docker, stack, { ...options, timeoutMs }).until(async () => {
    const residue = await residueOf(docker, stack)
    const { containers, volumes, secrets, configs } = residue
    await forceRemove(docker, containers)
    await Promise.all([
      ...volumes.map(({ id }) => unlessBusy(docker.getVolume(id).remove())),
      ...secrets.map(({ id }) => unlessBusy(docker.getSecret(id).remove())),
      ...configs.map(({ id }) => unlessBusy(docker.getConfig(id).remove())),
    ])
    return describeResidue(residue)
  })
}

/** How long the longest of a stack's services gives its containers to end (ms). */
async function graceOf(docker: Docker, stack: string): Promise<number> {
  const services = await docker.listServices({ filters: { label: [`${STACK_LABEL}=${stack}`] } })
  const periods = services.map(({ Spec }) => {
    const task = Spec?.TaskTemplate as { ContainerSpec?: { StopGracePeriod?: number } } | undefined
    return task?.ContainerSpec?.StopGracePeriod
  })
  return Math.max(GRACE_MS, ...periods.map((nanoseconds) => (nanoseconds ?? 0) / 1e6))
}

/**
 * Tells the containers of services to end, and waits until they have, or their time is over. Swarm tells them the same when
 * their service goes, and takes seconds more to see that they have ended.
 */
async function endByThemselves(docker: Docker, stack: string, containers: Named[], graceMs: number): Promise<void> {
  const helpers = await helpersOf(docker, stack)
  const told = containers.filter(({ id }) => !helpers.some((helper) => helper.id === id))
  const t = Math.ceil(graceMs / 1000)
  await Promise.all(told.map(({ id }) => unlessBusy(docker.getContainer(id).stop({ t }))))
}

/** Goes over what is left, at every change, until a pass finds nothing, or the deadline. */
class Passes {
  readonly #docker: Docker
  readonly #stack: string
  readonly #deadline: number
  readonly #onOutage: () => void

  constructor(docker: Docker, stack: string, options: TeardownOptions) {
    this.#docker = docker
    this.#stack = stack
    this.#deadline = performance.now() + options.timeoutMs
    this.#onOutage = () => options.onStep?.('waiting for the Docker engine to come back')
  }

  /** Each pass removes what it finds and says what that was. */
  async until(pass: () => Promise<string[]>): Promise<void> {
    const patient = <Value>(work: () => Promise<Value>) => throughOutage(this.#deadline, work, this.#onOutage)
    let left = await patient(pass)
    if (left.length === 0) return
    // An engine that is restarted ends the stream; the looks go on without it.
    const pulse: Pulse = await patient(() => openPulse(this.#docker, this.#stack))
    try {
      for (;;) {
        left = await patient(pass)
        if (left.length === 0) return
        if (performance.now() > this.#deadline) throw new TeardownError(this.#stack, left)
        await pulse.changed(LOOK_AGAIN_MS)
      }
    } finally {
      pulse.close()
    }
  }
}

/** Removes a volume and whatever containers use it. Idempotent. */
export async function removeVolume(docker: Docker, volume: string): Promise<void> {
  const users = await docker.listContainers({ all: true, filters: { volume: [volume] } })
  await forceRemove(
    docker,
    users.map(({ Id: id, Names: [name = id] }) => ({ id, name })),
  )
  await docker
    .getVolume(volume)
    .remove()
    .catch((error: { statusCode?: number }) => {
      if (error.statusCode !== 404) throw error
    })
}

async function forceRemove(docker: Docker, containers: Named[]): Promise<void> {
  await Promise.all(containers.map(({ id }) => unlessBusy(docker.getContainer(id).remove({ force: true }))))
}

/**
 * Busy now (409, «in use») means: the next pass tries again. What is already gone is as wanted (for a network the engine
 * may say so with a 500: «network … not found»).
 */
async function unlessBusy(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    const { statusCode } = error as { statusCode?: number }
    // 304: a container that has ended already.
    if (statusCode === 304 || statusCode === 404 || statusCode === 409) return
    if (/in use|active endpoints|already in progress|not found/i.test(messageOf(error))) return
    throw error
  }
}
