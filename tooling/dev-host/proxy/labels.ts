import { messageOf } from '@cc-ci/harness'
import { parseRule, type Way } from './rule.ts'

/** A Traefik router as a service's labels declare it: which requests go to which port of the service. */
export interface Router {
  name: string
  ways: Way[]
  port: number
  scheme: 'http' | 'https'
  /** The router with the highest priority wins; a longer rule has a higher one, as in Traefik. */
  priority: number
}

/** What labels say, and what of it this proxy cannot do, in words. */
export interface Declared {
  routers: Router[]
  problems: string[]
}

/** The entrypoints that carry HTTPS: the coop-cloud Traefik's name for it, and Traefik's usual one. */
const SECURE = ['web-secure', 'websecure']

const LABEL = /^traefik\.http\.(routers|services)\.([^.]+)\.(.+)$/

type Options = Map<string, Map<string, string>>

/** Reads the Traefik labels of a swarm service (its deploy labels). */
export function readLabels(labels: Record<string, string>): Declared {
  const declared: Declared = { routers: [], problems: [] }
  if (labels['traefik.enable'] !== 'true') return declared
  const found: Record<string, Options> = { routers: new Map(), services: new Map() }
  for (const [label, value] of Object.entries(labels)) {
    const [, kind = '', name = '', option = ''] = LABEL.exec(label) ?? []
    const options = found[kind]
    if (options) options.set(name, (options.get(name) ?? new Map()).set(option.toLowerCase(), value))
  }
  for (const [name, options] of found.routers ?? []) {
    try {
      const router = readRouter(name, options, found.services ?? new Map())
      if (router) declared.routers.push(router)
    } catch (error) {
      declared.problems.push(`router "${name}" is skipped: ${messageOf(error)}`)
    }
  }
  return declared
}

function readRouter(name: string, options: Map<string, string>, services: Options): Router | undefined {
  const entrypoints = options
    .get('entrypoints')
    ?.split(',')
    .map((entrypoint) => entrypoint.trim())
  if (entrypoints && !entrypoints.some((entrypoint) => SECURE.includes(entrypoint))) return undefined
  const rule = options.get('rule')
  if (!rule) throw new Error('it has no rule')
  const wanted = options.get('service')?.replace(/@(swarm|docker)$/, '')
  if (!wanted && services.size > 1) throw new Error(`it does not say which service: ${[...services.keys()].join(', ')}`)
  const service = wanted ? services.get(wanted) : [...services.values()][0]
  const text = service?.get('loadbalancer.server.port')
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Error(
      text ? `"${text}" is no port` : `no loadbalancer.server.port${wanted ? ` of service "${wanted}"` : ''}`,
    )
  }
  return {
    name,
    ways: parseRule(rule),
    port,
    scheme: service?.get('loadbalancer.server.scheme') === 'https' ? 'https' : 'http',
    priority: Number(options.get('priority')) || rule.length,
  }
}
