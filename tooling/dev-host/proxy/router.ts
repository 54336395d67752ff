import { createServer, type Server } from 'node:http'
import { messageOf } from '@cc-ci/harness'
import type Docker from 'dockerode'
import { readTable } from './swarm-view.ts'
import { type RoutingTable, routingTable } from './table.ts'
import { type Log, watchEvents } from './watch.ts'

/** Several events come together when a container starts; one look serves them all. */
const COALESCE_MS = 10

/** Swarm sets a task's state shortly after the event of its container, without an event of its own: look again this often … */
const LOOK_AGAIN_MS = 50

/** … for this long after an event; while a task is on its way up, less often, and then slowly until it is there. */
const SETTLED_AFTER_MS = 1_000
const PENDING_LOOK_MS = 150
const UNHURRIED_AFTER_MS = 3_000
const SLOW_LOOK_MS = 1_000

/** A browser's cookies and tokens come along with the question. */
const MAX_HEADER_BYTES = 256 * 1024

/** Traefik's own words for a host that no router matches, and for a service without a server. */
const ANSWERS = {
  'not found': [404, '404 page not found\n'],
  'no server': [503, 'no available server\n'],
} as const

/**
 * Tells the proxy, request by request, where it goes. The proxy's configuration never changes, so that a deployment does
 * not close the connections of other runs (a reload of Caddy's configuration does).
 */
export class RouteTeller {
  readonly #docker: Docker
  readonly #network: string
  readonly #log: Log
  readonly #ended = new AbortController()
  readonly #server: Server
  #table: RoutingTable = routingTable([], [])
  #described = ''
  #reported = ''
  #trouble = ''
  #looking = false
  #again = false
  #timer: NodeJS.Timeout | undefined
  #lastEvent = 0

  constructor(docker: Docker, network: string, log: Log) {
    this.#docker = docker
    this.#network = network
    this.#log = log
    this.#server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
      const header = (name: string): string => String(request.headers[name] ?? '')
      const target = this.#table.find(header('x-forwarded-host'), header('x-forwarded-uri'))
      if (typeof target === 'object') {
        response.writeHead(200, { 'x-upstream': target.upstream, 'x-scheme': target.scheme }).end()
        return
      }
      const [status, body] = ANSWERS[target]
      response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' })
      response.end(body)
    })
    // The proxy keeps its connections; one closed here just as it asks again would fail a request.
    this.#server.keepAliveTimeout = 0
    this.#server.requestTimeout = 0
    this.#server.headersTimeout = 0
  }

  /** Answers on the unix socket from now on, and follows swarm. */
  async start(socket: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(socket, resolve)
    })
    void watchEvents(this.#docker, () => this.#changed(), this.#log, this.#ended.signal)
  }

  stop(): void {
    this.#ended.abort()
    clearTimeout(this.#timer)
    this.#server.close()
    this.#server.closeAllConnections()
  }

  #changed(): void {
    this.#lastEvent = performance.now()
    this.#lookIn(COALESCE_MS)
  }

  #lookIn(milliseconds: number): void {
    if (this.#looking) {
      this.#again = true
      return
    }
    clearTimeout(this.#timer)
    if (!this.#ended.signal.aborted) this.#timer = setTimeout(() => void this.#look(), milliseconds)
  }

  async #look(): Promise<void> {
    this.#looking = true
    this.#again = false
    try {
      this.#table = await readTable(this.#docker, this.#network)
      this.#report()
      this.#problem('')
    } catch (error) {
      this.#problem(`swarm could not be asked: ${messageOf(error)}`)
    }
    this.#looking = false
    const calm = performance.now() - this.#lastEvent
    if (this.#again) this.#lookIn(COALESCE_MS)
    else if (this.#trouble) this.#lookIn(SLOW_LOOK_MS)
    else if (calm < SETTLED_AFTER_MS) this.#lookIn(LOOK_AGAIN_MS + calm / 2)
    else if (this.#table.pending) this.#lookIn(calm < UNHURRIED_AFTER_MS ? PENDING_LOOK_MS : SLOW_LOOK_MS)
  }

  /** An engine that is starting cannot tell of its swarm yet, and nothing says when it can. */
  #problem(text: string): void {
    if (text && text !== this.#trouble) this.#log(text)
    this.#trouble = text
  }

  #report(): void {
    const described = this.#table.describe().join('\n')
    if (described !== this.#described) this.#log(`routes:\n${described || 'none'}`)
    this.#described = described
    const problems = this.#table.problems.join('\n')
    if (problems && problems !== this.#reported) this.#log(problems)
    this.#reported = problems
  }
}
