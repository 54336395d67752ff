import { CcciError } from '../errors.ts'
import { hangBell } from './capacity-bell.ts'
import { type CapacityMember, Place, type Standing, weightOf } from './capacity-queue.ts'
import { CapacityBusyError, makeFolder } from './capacity-store.ts'

/**
 * Locks that the dead leave behind make no event: ask again. Those further back ask less often (this long for each that
 * is before them), so that a long queue costs no more than a short one.
 */
const LOOK_MS = 200

/** The host's capacity was in use for longer than a run waits for it. */
export class CapacityError extends CcciError {}

export interface CapacityRequest {
  /** Folder of the queue, the same for all who share the host. */
  folder: string
  runId: string
  /** The recipe or stack, as others are told of it. */
  what: string
  /** How much of the capacity this takes: a whole number from 1. More than the capacity counts as all of it. */
  weight: number
  /** The weight that may be in use at once, as this process's settings have it. */
  capacity: number
  /** Milliseconds to wait for its turn. */
  timeoutMs: number
  signal?: AbortSignal | undefined
  /** Told what it waits for, each time that changes. */
  onWait?: (text: string) => void
}

/** A part of the host's capacity, until it is released or this process is gone. */
export interface CapacityShare extends Disposable {
  /** What was taken: the weight asked for, or the whole capacity if that is less. */
  readonly weight: number
  /** Gives it back. Idempotent. */
  release(): void
}

/**
 * Takes a share of a host's capacity, waiting for it in a queue that all processes of the host share: first come, first
 * served, so that a heavy run is not overtaken by light ones. Whoever dies is out of the queue, and its share is free.
 *
 * @throws {CapacityError} naming who uses the capacity, at the deadline.
 * @throws {CapacityBusyError} when the queue was locked until the deadline.
 * @throws {CapacityQueueError} when the queue cannot be used.
 * @throws the signal's reason, at its abort.
 */
export async function takeCapacity(request: CapacityRequest): Promise<CapacityShare> {
  const { folder, runId, what, capacity, signal } = request
  const weight = Math.min(request.weight, capacity)
  const wanted = { ...request, weight }
  const deadline = performance.now() + request.timeoutMs
  makeFolder(folder)
  const bell = hangBell(folder)
  let place: Place | undefined
  let told = ''
  let before = 0
  try {
    for (;;) {
      signal?.throwIfAborted()
      let refusal: () => CcciError
      try {
        place ??= Place.enter(folder, { runId, what, weight })
        const standing = place.look(capacity)
        if (standing.admitted) return shareOf(place)
        before = standing.waiting.length
        refusal = () => refused(wanted, standing)
        const text = waitsFor(wanted, standing)
        if (text !== told) request.onWait?.(text)
        told = text
      } catch (error) {
        if (!(error instanceof CapacityBusyError)) throw error
        refusal = () => error
      }
      const left = deadline - performance.now()
      if (left <= 0) throw refusal()
      await bell.rings(Math.min(LOOK_MS * (1 + before), left), signal)
    }
  } catch (error) {
    place?.leave()
    throw error
  } finally {
    bell.takeDown()
  }
}

/**
 * Takes a share at once, whether or not there is room for it, so that others wait until there is: for what a run needs beside
 * its app once it has its turn. Two runs that waited for more with what they have would wait for each other.
 *
 * @throws {CapacityBusyError | CapacityQueueError}
 */
export function overdrawCapacity({
  folder,
  ...member
}: Pick<CapacityRequest, 'folder' | 'runId' | 'what' | 'weight'>): CapacityShare {
  makeFolder(folder)
  return shareOf(Place.enter(folder, member, 'running'))
}

function shareOf(place: Place): CapacityShare {
  const release = () => place.leave()
  return { weight: place.weight, release, [Symbol.dispose]: release }
}

function waitsFor({ weight, capacity }: CapacityRequest, { running, waiting }: Standing): string {
  const details = [
    ...(weight > 1 ? [`weight ${weight}`] : []),
    ...(waiting.length > 0 ? [`${runsAre(waiting.length)} before this one`] : []),
  ]
  const users = running.map(({ what, runId, pid }) => `${what} (run ${runId}, process ${pid})`)
  return [
    `waiting for capacity${details.length > 0 ? ` (${details.join(', ')})` : ''}: `,
    `${weightOf(running)} of ${capacity} in use${users.length > 0 ? ` by ${users.join(', ')}` : ''}`,
  ].join('')
}

function refused(wanted: CapacityRequest, { running, waiting }: Standing): CapacityError {
  const { what, weight, capacity, timeoutMs } = wanted
  const before = waiting.length > 0 ? `, and ${runsAre(waiting.length)} before it` : ''
  return new CapacityError({
    happened: `There was no capacity for ${what} (weight ${weight}) within ${Math.round(timeoutMs / 1000)} s: ${weightOf(running)} of ${capacity} is in use${before}.`,
    lastSeen: [...running, ...waiting].map(described).join('\n'),
    todo: 'Wait until these runs have ended, or end them. Raise CCCI_CAPACITY if the host can bear more at once, or CCCI_QUEUE_TIMEOUT to wait longer.',
  })
}

const runsAre = (count: number): string => (count === 1 ? '1 run is' : `${count} runs are`)

const described = ({ what, weight, state, since, runId, pid }: CapacityMember): string =>
  `${what} (weight ${weight}) ${state} since ${since}: run ${runId}, process ${pid}`
