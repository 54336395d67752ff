import { messageOf } from '@cc-ci/harness'
import { z } from 'zod'
import type { DroneConfig } from '../config.ts'
import type { RunEnd } from '../outcome.ts'
import type { RunParams } from '../params.ts'
import { type DroneBuild, droneBuild } from './drone-schema.ts'
import { type Executor, ExecutorAwayError, NothingToRunError, type Sight, type Triggered } from './executor.ts'

/** Drone reads `.drone.yml` three times, 15 s each, before it answers. */
const POST_MS = 90_000
const GET_MS = 15_000

/** How many of the newest builds are looked through for a run that was perhaps handed over. */
const PAGES = 4
const PER_PAGE = 100

/** Statuses that a build keeps; `blocked` waits for somebody's approval, and whatever else there is goes on. */
const FINAL: Record<string, RunEnd['result']> = {
  success: 'success',
  failure: 'failure',
  error: 'error',
  killed: 'killed',
  declined: 'error',
  skipped: 'error',
}

interface Answer {
  status: number
  text: string
}

/** Builds of cc-ci's own repository on a Drone server, one for each run. */
export class DroneExecutor implements Executor {
  readonly kind = 'drone'
  readonly lateMs: number
  readonly #config: DroneConfig
  readonly #token: string
  readonly #postMs: number

  /** @param postMs how long the creation of a build is waited for (ms). */
  constructor(config: DroneConfig, token: string, postMs = POST_MS) {
    this.#config = config
    this.#token = token
    this.#postMs = postMs
    this.lateMs = postMs
  }

  async create(params: RunParams): Promise<Triggered> {
    // Only in the address: Drone does not read the body.
    const query = new URLSearchParams({ branch: this.#config.branch, ...params })
    const answer = await this.#ask('POST', `/builds?${query}`, this.#postMs)
    if (answer.status >= 500) throw away('Drone could not create the build.', answer, false)
    if (answer.status !== 200) throw refused('create builds of', this.#config.repository, answer)
    const build = this.#read(droneBuild.nullable(), answer)
    if (build) return this.#triggered(build)
    throw new NothingToRunError({
      happened: 'Drone has nothing to run.',
      lastSeen: '200 with null: no pipeline is for this event, or the account that enabled the repository is inactive',
      todo: `Does .drone.yml on ${this.#config.branch} have the recipe pipeline, with the event custom?`,
    })
  }

  async find(runId: string): Promise<Triggered | undefined> {
    for (let page = 1; page <= PAGES; page += 1) {
      const answer = await this.#get(`/builds?page=${page}&per_page=${PER_PAGE}`)
      const builds = this.#read(z.array(droneBuild), answer)
      const found = builds.find(({ params }) => params?.RUN_ID === runId)
      if (found) return this.#triggered(found)
      if (builds.length < PER_PAGE) return undefined
    }
    return undefined
  }

  async look(ref: string): Promise<Sight> {
    const { status, error } = this.#read(droneBuild, await this.#get(`/builds/${ref}`))
    const result = FINAL[status]
    if (result) return { state: 'ended', end: { result, detail: error ?? `the build's status is ${status}` } }
    return { state: status === 'running' ? 'running' : 'waiting' }
  }

  async cancel(ref: string): Promise<void> {
    const answer = await this.#ask('DELETE', `/builds/${ref}`, GET_MS)
    if (answer.status >= 500) throw away(`Drone could not cancel build ${ref}.`, answer)
    if (answer.status !== 200) throw refused('cancel builds of', this.#config.repository, answer)
  }

  async close(): Promise<void> {}

  #triggered({ number }: DroneBuild): Triggered {
    // `link` of a build is the commit in Gitea.
    return { ref: String(number), link: `${this.#config.url}/${this.#config.repository}/${number}` }
  }

  async #get(path: string): Promise<Answer> {
    const answer = await this.#ask('GET', path, GET_MS)
    if (answer.status >= 500) throw away('Drone cannot answer now.', answer)
    if (answer.status !== 200) throw refused('read builds of', this.#config.repository, answer)
    return answer
  }

  async #ask(method: string, path: string, timeoutMs: number): Promise<Answer> {
    try {
      const response = await fetch(`${this.#config.url}/api/repos/${this.#config.repository}${path}`, {
        method,
        redirect: 'manual',
        headers: { authorization: `Bearer ${this.#token}`, accept: 'application/json' },
        signal: AbortSignal.timeout(timeoutMs),
      })
      return { status: response.status, text: await response.text() }
    } catch (error) {
      const { cause } = error as Error & { cause?: { code?: string } }
      const lastSeen = messageOf(cause ?? error)
      // What was never connected was never asked.
      const perhapsDone = !['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH'].includes(cause?.code ?? '')
      throw new ExecutorAwayError(
        { happened: `Drone does not answer (${method}).`, lastSeen, cause: error },
        perhapsDone,
      )
    }
  }

  #read<T>(schema: z.ZodType<T>, answer: Answer): T {
    try {
      return schema.parse(JSON.parse(answer.text))
    } catch (error) {
      const lastSeen = answer.text.slice(0, 300)
      throw new ExecutorAwayError({ happened: 'What Drone answers cannot be read.', lastSeen, cause: error })
    }
  }
}

const said = ({ status, text }: Answer): string => `${status} ${text.slice(0, 300)}`

const away = (happened: string, answer: Answer, perhapsDone = true): ExecutorAwayError =>
  new ExecutorAwayError({ happened, lastSeen: said(answer) }, perhapsDone)

/** Drone says 404 to an account without the right, too. */
const refused = (what: string, repository: string, answer: Answer): ExecutorAwayError =>
  new ExecutorAwayError(
    {
      happened: `Drone does not let the bridge ${what} ${repository}.`,
      lastSeen: said(answer),
      todo: 'Is the token that of an account with the right (a machine account with admin:true), and is the repository enabled?',
    },
    false,
  )
