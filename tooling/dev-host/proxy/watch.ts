import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { messageOf } from '@cc-ci/harness'
import type Docker from 'dockerode'

/** Where the events stop and start again, for a log. */
export type Log = (text: string) => void

const FILTERS: { type: ('container' | 'service')[] } = { type: ['container', 'service'] }
const RETRY_MS = 250

/**
 * Calls `changed` whenever Docker tells of something that may move a route, and each time the stream of events is opened
 * anew: what happened in between was missed. Ends at the signal's abort.
 */
export async function watchEvents(docker: Docker, changed: () => void, log: Log, signal: AbortSignal): Promise<void> {
  let down = false
  while (!signal.aborted) {
    try {
      const stream = (await docker.getEvents({ filters: FILTERS })) as NodeJS.ReadableStream & { destroy(): void }
      if (down) log('the Docker engine is back')
      down = false
      const stop = () => stream.destroy()
      signal.addEventListener('abort', stop, { once: true })
      changed()
      await new Promise<void>((resolve) => {
        // An event may come in several pieces.
        createInterface({ input: stream }).on('line', (line) => concerns(line) && changed())
        stream.on('error', () => resolve())
        stream.on('close', () => resolve())
        stream.on('end', () => resolve())
      })
      signal.removeEventListener('abort', stop)
      stream.destroy()
    } catch (error) {
      if (!down) log(`no events: ${messageOf(error)}`)
    }
    down = true
    if (!signal.aborted) await delay(RETRY_MS, undefined, { signal }).catch(() => {})
  }
}

/** Containers outside of swarm have no route, and the `exec` events of health checks move nothing. */
const concerns = (line: string): boolean =>
  /"Action":"(?!exec_)/.test(line) && /"Type":"service"|com\.docker\.swarm\.service/.test(line)
