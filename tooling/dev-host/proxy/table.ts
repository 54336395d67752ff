import { type Declared, type Router, readLabels } from './labels.ts'
import { leads } from './rule.ts'

/** A swarm service, as far as routing looks at it. */
export interface RoutedService {
  id: string
  name: string
  labels: Record<string, string>
}

/** A swarm task, as far as routing looks at it. */
export interface RoutedTask {
  serviceId: string
  state: string
  /** Its addresses on the proxy network. */
  addresses: string[]
}

/** Where a request goes: to an address, or to no one for now, or nowhere. */
type Target = { upstream: string; scheme: 'http' | 'https' } | 'no server' | 'not found'

/** Task states that nothing follows (docs.docker.com, "Swarm task states"). */
const FINAL = ['complete', 'shutdown', 'failed', 'rejected', 'orphaned', 'remove']

interface Entry {
  service: string
  router: Router
  upstreams: string[]
  turn: number
}

/** Who answers which request at one moment. */
export interface RoutingTable {
  find(host: string, path: string): Target
  /** A routed service has a task on its way up: it is worth looking again soon. */
  pending: boolean
  problems: string[]
  /** One line a router, for people. */
  describe(): string[]
}

/** Builds the table from what swarm says. Like Traefik, only tasks in state `running` get requests. */
export function routingTable(services: RoutedService[], tasks: RoutedTask[]): RoutingTable {
  const entries: Entry[] = []
  const problems: string[] = []
  let pending = false
  for (const service of services) {
    const declared: Declared = readLabels(service.labels)
    problems.push(...declared.problems.map((problem) => `service ${service.name}: ${problem}`))
    if (declared.routers.length === 0) continue
    const own = tasks.filter((task) => task.serviceId === service.id)
    const running = own.filter(({ state }) => state === 'running')
    pending ||= own.length === 0 || own.some(({ state }) => state !== 'running' && !FINAL.includes(state))
    for (const router of declared.routers) {
      const upstreams = running.flatMap((task) => task.addresses).map((address) => `${address}:${router.port}`)
      entries.push({ service: service.name, router, upstreams, turn: 0 })
    }
  }
  entries.sort((a, b) => b.router.priority - a.router.priority || a.router.name.localeCompare(b.router.name))
  return {
    pending,
    problems,
    find(host, path) {
      const entry = entries.find(({ router }) => router.ways.some((way) => leads(way, host, path)))
      if (!entry) return 'not found'
      const upstream = entry.upstreams[entry.turn++ % entry.upstreams.length]
      return upstream ? { upstream, scheme: entry.router.scheme } : 'no server'
    },
    describe: () =>
      entries.map(({ service, router, upstreams }) => {
        const ways = router.ways.map(
          ({ hosts, paths, prefixes }) => `${hosts.join(',')}${[...paths, ...prefixes].join(',')}`,
        )
        return `${ways.join(' or ')} -> ${service} at ${upstreams.join(', ') || 'no running task'}`
      }),
  }
}
