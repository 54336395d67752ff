import { describe, expect, test } from 'vitest'
import { readLabels } from './labels.ts'

/** The labels a Co-op Cloud recipe puts on its app. */
const recipe = {
  'traefik.enable': 'true',
  'traefik.docker.network': 'proxy',
  'traefik.http.services.app_example.loadbalancer.server.port': '8065',
  'traefik.http.routers.app_example.rule': 'Host(`app.example`, `www.app.example`)',
  'traefik.http.routers.app_example.entrypoints': 'web-secure',
  'traefik.http.routers.app_example.tls.certresolver': '',
  'coop-cloud.app_example.version': '1.0.0+1.22.1',
}

describe("a service's Traefik labels", () => {
  test('of a Co-op Cloud recipe give one router with its hosts and port', () => {
    const { routers, problems } = readLabels(recipe)
    expect(problems).toEqual([])
    expect(routers).toMatchObject([
      { name: 'app_example', port: 8065, scheme: 'http', ways: [{ hosts: ['app.example', 'www.app.example'] }] },
    ])
  })

  test('are ignored unless traefik.enable is true', () => {
    expect(readLabels({ ...recipe, 'traefik.enable': 'false' }).routers).toEqual([])
  })

  test('for an entrypoint that does not carry HTTPS are ignored', () => {
    const entrypoint = 'traefik.http.routers.app_example.entrypoints'
    expect(readLabels({ ...recipe, [entrypoint]: 'web' })).toEqual({ routers: [], problems: [] })
    expect(readLabels({ ...recipe, [entrypoint]: 'web, websecure' }).routers).toHaveLength(1)
  })

  test('may name the service of a router when there are several', () => {
    const several = {
      ...recipe,
      'traefik.http.services.other.loadbalancer.server.port': '3000',
      'traefik.http.routers.app_example.service': 'other',
    }
    expect(readLabels(several).routers[0]?.port).toBe(3000)
    const unsaid = { ...several, 'traefik.http.routers.app_example.service': '' }
    expect(readLabels(unsaid).problems[0]).toContain('does not say which service: app_example, other')
  })

  test('that cannot be used skip their router only, and say why', () => {
    const { routers, problems } = readLabels({
      ...recipe,
      'traefik.http.routers.clever.rule': 'HostRegexp(`.*`)',
      'traefik.http.routers.unruly.entrypoints': 'web-secure',
    })
    expect(routers.map(({ name }) => name)).toEqual(['app_example'])
    expect(problems).toEqual([
      'router "clever" is skipped: "HostRegexp" is not supported (Host, Path and PathPrefix are)',
      'router "unruly" is skipped: it has no rule',
    ])
  })

  test('without a port are a problem', () => {
    const { 'traefik.http.services.app_example.loadbalancer.server.port': _, ...portless } = recipe
    expect(readLabels(portless).problems[0]).toContain('no loadbalancer.server.port')
  })
})
