import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type ServerType, serve } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { asJson, type DroneStatus, isFinal, type StandInBuild, turn } from './build.ts'

export interface StandInAccount {
  login: string
  /** What it may do with the repository. */
  right: 'none' | 'read' | 'write'
  active: boolean
}

const PARAMS_THAT_ARE_NONE = ['access_token', 'branch', 'commit']

/**
 * A stand-in for a Drone server, which cannot be had where these tests run. It was written from Drone's documentation and
 * source, and has never been compared with a real one: accounts and rights, builds of one repository with their statuses,
 * logs, and the traps that are known (200 with `null`, creation that takes effect long after its caller has gone, 404 for a
 * missing right). Time is the test's: builds turn when it says so.
 */
export class DroneStandIn implements AsyncDisposable {
  readonly repository: string
  readonly accounts = new Map<string, StandInAccount>()
  readonly builds: StandInBuild[] = []
  /** No pipeline's trigger is for the event `custom`. */
  nothingToRun = false
  /** The account that enabled the repository was deactivated. */
  ownerInactive = false
  /** What reading `.drone.yml` waits for; creation goes on after it even when nobody waits for the answer any more. */
  readingYaml: () => Promise<'read' | 'failed'> = async () => 'read'
  /** How often a creation was asked for, whatever came of it. */
  creations = 0
  #server: ServerType | undefined

  constructor(repository: string) {
    this.repository = repository
  }

  get url(): string {
    const { port } = (this.#server?.address() ?? { port: 0 }) as AddressInfo
    return `http://127.0.0.1:${port}`
  }

  /** @param port 0 for any that is free. */
  async start(port = 0): Promise<this> {
    this.#server = serve({ fetch: this.#app().fetch, hostname: '127.0.0.1', port })
    await once(this.#server, 'listening')
    return this
  }

  /** Takes a build on. */
  turn(number: number, status: DroneStatus, error?: string): void {
    const build = this.builds[number - 1]
    if (!build) throw new Error(`there is no build ${number}`)
    turn(build, status, error)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const server = this.#server
    if (server && 'closeAllConnections' in server) server.closeAllConnections()
    await new Promise((resolve) => server?.close(resolve))
  }

  #app(): Hono {
    const app = new Hono()
    const path = '/api/repos/:ns/:name/builds'
    app.post(path, (context) => this.#with(context, 'write', (account) => this.#create(context, account)))
    app.get(path, (context) => this.#with(context, 'read', () => this.#list(context)))
    app.get(`${path}/latest`, (context) => this.#with(context, 'read', () => this.#latest(context)))
    const one = (build: (found: StandInBuild, account: StandInAccount) => Response) => (context: Context) =>
      this.#with(context, context.req.method === 'GET' ? 'read' : 'write', (account) => {
        const found = this.builds[Number(context.req.param('number')) - 1]
        return found ? build(found, account) : context.json({ message: 'Not Found' }, 404)
      })
    app.get(`${path}/:number`, (context) => one((found) => context.json(asJson(found, true)))(context))
    app.post(`${path}/:number`, (context) =>
      one((found, account) => {
        const params = { ...queryParams(context), ...found.params }
        return context.json(asJson(this.#add(account, found.branch, found.commit, params, found.number), false))
      })(context),
    )
    app.delete(`${path}/:number`, (context) =>
      one((found) => {
        if (!isFinal(found.status)) turn(found, 'killed')
        return context.json(asJson(found, false))
      })(context),
    )
    app.get(`${path}/:number/logs/:stage/:step`, (context) =>
      one((found) => {
        const step = context.req.param('stage') === '1' ? found.steps[Number(context.req.param('step')) - 1] : undefined
        if (!step || !isFinal(step.status)) return context.json({ message: 'sql: no rows in result set' }, 404)
        return context.json(step.log)
      })(context),
    )
    return app
  }

  /** Checks who asks, as Drone does: who may not is told that there is nothing. */
  async #with(
    context: Context,
    right: 'read' | 'write',
    work: (account: StandInAccount) => Response | Promise<Response>,
  ): Promise<Response> {
    const bearer = /^Bearer (\S+)$/.exec(context.req.header('authorization') ?? '')?.[1]
    const account = this.accounts.get(bearer ?? context.req.query('access_token') ?? '')
    if (!account) return context.json({ message: 'Unauthorized' }, 401)
    if (!account.active) return context.json({ message: 'Forbidden' }, 403)
    const known = `${context.req.param('ns')}/${context.req.param('name')}` === this.repository
    const may = account.right === 'write' || account.right === right
    if (!known || !may) return context.json({ message: 'Not Found' }, 404)
    return await work(account)
  }

  async #create(context: Context, account: StandInAccount): Promise<Response> {
    this.creations += 1
    if ((await this.readingYaml()) === 'failed') return context.json({ message: 'Not Found' }, 500)
    if (this.nothingToRun || this.ownerInactive) return context.json(null, 200)
    const { branch = 'main', commit = 'a'.repeat(40) } = context.req.query()
    return context.json(asJson(this.#add(account, branch, commit, queryParams(context), 0), false))
  }

  #add(account: StandInAccount, branch: string, commit: string, params: Record<string, string>, parent: number) {
    const created = Math.floor(Date.now() / 1000)
    const steps = ['clone', 'run'].map((name, index) => ({
      number: index + 1,
      name,
      status: 'pending' as const,
      log: [{ pos: 0, out: '+ echo\n', time: 0 }],
    }))
    const build: StandInBuild = {
      number: this.builds.length + 1,
      parent,
      status: 'pending',
      error: '',
      branch,
      commit,
      trigger: account.login,
      params,
      created,
      started: 0,
      finished: 0,
      steps,
    }
    this.builds.push(build)
    return build
  }

  #list(context: Context): Response {
    const asked = Number(context.req.query('per_page'))
    const size = asked >= 1 && asked <= 100 ? asked : 25
    const page = Math.max(1, Number(context.req.query('page')) || 1)
    const newest = this.#of(context).slice((page - 1) * size, page * size)
    return context.json(newest.map((build) => asJson(build, false)))
  }

  #latest(context: Context): Response {
    const [latest] = this.#of(context)
    return latest ? context.json(asJson(latest, true)) : context.json({ message: 'sql: no rows in result set' }, 404)
  }

  #of(context: Context): StandInBuild[] {
    const branch = context.req.query('branch')
    return this.builds.toReversed().filter((build) => branch === undefined || build.branch === branch)
  }
}

/** Params are in the address only; a body is not read. */
function queryParams(context: Context): Record<string, string> {
  return Object.fromEntries(
    Object.entries(context.req.query()).filter(([name]) => !PARAMS_THAT_ARE_NONE.includes(name)),
  )
}
